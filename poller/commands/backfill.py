"""`python -m poller backfill SOURCE`: accept orders of a period, or of given keys, without touching the live cursor."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from poller.commands.context import CommandContext, Context, add_source, default_context, parse_cli_time, quarantined
from poller.database.connection import ErpConnection
from poller.database.queries import Queries
from poller.errors import BadRow
from poller.polling.cursors import cursor_columns
from poller.polling.process import Processor
from poller.polling.services import PollCounts
from poller.reading.convert import content_of
from poller.reading.mapping import Mapper
from poller.reading.reader import Key, RawOrder, Reader
from poller.reconciliation import Period, pages
from poller.source.file import LoadedSource


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("backfill", help="accept orders of a period or of given keys")
    add_source(parser)
    text = "time of the order, such as 2026-11-23 or 2026-11-23T10:00+01:00 (UTC unless an offset says otherwise)"
    parser.add_argument("--from", dest="start", type=parse_cli_time, help=text)
    parser.add_argument("--to", dest="end", type=parse_cli_time, help="the same; not included")
    parser.add_argument("--key", action="append", default=[], help="an order's key; several columns joined by |")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if every order found was accepted, now or before."""
    context = context or default_context()
    if bool(options.key) == bool(options.start and options.end):
        context.print("name either --from and --to, or --key (once or several times)")
        return 2
    loaded, stores = context.source(options), context.stores()
    with closing(context.connect(loaded.source)) as connection:
        found = _by_key(options.key, loaded, connection) if options.key else _of_period(options, loaded, connection)
        counts = accept_all(found, loaded, stores)
    context.print(
        f"{loaded.source.name}: read {counts.read}, accepted {counts.accepted}, accepted before {counts.replayed}, "
        f"changed since {counts.changed}, quarantined {counts.quarantined}, outside the period {counts.skipped}"
    )
    return int(counts.quarantined > 0 or counts.read == 0)


def accept_all(
    orders: Iterable[tuple[list[RawOrder], int]], loaded: LoadedSource, stores: CommandContext
) -> PollCounts:
    """The same way as a poll's orders, but that closed ones begin anew.

    Each element holds orders, and how many were left out.
    """
    mapper = Mapper(loaded.source, Queries(loaded.source, cursor_columns(loaded.source)))
    entries = quarantined(stores.services.findings, loaded.source.name)
    tried = {entry.key: (entry.row_hash, entry.fingerprint) for entry in entries}
    with Processor(loaded, mapper, stores.services, tried, asked=True) as process:
        for page, left_out in orders:
            process.counts.read += len(page) + left_out
            process.counts.skipped += left_out
            process(page)
    return process.counts


def _of_period(
    options: argparse.Namespace, loaded: LoadedSource, connection: ErpConnection
) -> Iterator[tuple[list[RawOrder], int]]:
    """Rows that cannot be mapped are left to the poll: nobody knows whether they belong to the period."""
    queries = Queries(loaded.source, cursor_columns(loaded.source))
    mapper, period = Mapper(loaded.source, queries), Period(options.start, options.end)
    for page in pages(Reader(connection, queries, {})):
        inside = [order for order in page if _belongs(order, mapper, period)]
        yield inside, len(page) - len(inside)


def _belongs(order: RawOrder, mapper: Mapper, period: Period) -> bool:
    try:
        return content_of(mapper, order).ordered_at in period
    except BadRow:
        return False


def _by_key(
    texts: Sequence[str], loaded: LoadedSource, connection: ErpConnection
) -> Iterator[tuple[list[RawOrder], int]]:
    reader = Reader(connection, Queries(loaded.source, cursor_columns(loaded.source)), {})
    yield reader.by_keys([_key(text) for text in texts]), 0
    reader.end()


def _key(text: str) -> Key:
    """Numbers without leading zeros are numbers, for databases that insist; others convert either way."""
    return tuple(int(part) if part.isdigit() and not part.startswith("0") else part for part in text.split("|"))
