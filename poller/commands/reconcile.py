"""`python -m poller reconcile SOURCE --from --to`: what is missing, extra or different, and at which stage."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from poller.commands.context import CommandContext, Context, add_period, add_source, default_context, quarantined
from poller.database.queries import Queries
from poller.polling.cursors import cursor_columns
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder, Reader
from poller.reconciliation import Ours, Period, Report, pages, reconcile
from poller.state.codec import key_text
from poller.state.ports import Watermark

SHOWN = 50


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("reconcile", help="compare a period's orders in the ERP with ours")
    add_source(parser)
    add_period(parser)
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all findings there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if both sides agree."""
    context = context or default_context()
    loaded, stores = context.source(options), context.stores()
    queries = Queries(loaded.source, cursor_columns(loaded.source))
    ours = Ours(stores.first_events, stores.projection, stores.repository, stage_of_missing(loaded.source.name, stores))
    with closing(context.connect(loaded.source)) as connection:
        report = reconcile(
            loaded.source.name,
            pages(Reader(connection, queries, {})),
            Mapper(loaded.source, queries),
            ours,
            Period(options.start, options.end),
        )
    show(report, context)
    if options.csv is not None:
        write(report, options.csv)
    return int(not report.agrees)


def stage_of_missing(source: str, stores: CommandContext) -> Callable[[RawOrder], str]:
    """How far the poller has come with a row that was not accepted."""
    watermark = stores.services.watermarks.load(source)
    known = {entry.key for entry in quarantined(stores.services.findings, source)}

    def stage(order: RawOrder) -> str:
        if key_text(order.key) in known:
            return "quarantined; can be mapped now, the next polls retry it"
        if watermark.passed_at is None or not _is_settled(order, watermark):
            return "not read yet"
        return "passed over: it became visible too late; backfill it"

    return stage


def _is_settled(order: RawOrder, watermark: Watermark) -> bool:
    """Whether the poller will not read this row again; of text keys only the database knows the order."""
    floor = watermark.floor
    if floor is None or not order.position:
        return False
    here, there = order.position[0], floor.position[0]
    return here < there if isinstance(here, int) and isinstance(there, int) else str(here) < str(there)


def show(report: Report, context: Context) -> None:
    """Findings, then the counts."""
    for finding in report.findings[:SHOWN]:
        detail = f": {finding.detail}" if finding.detail else ""
        context.print(f"{finding.kind:<10} {finding.external_id} ({finding.order_id}) {finding.stage}{detail}")
    if len(report.findings) > SHOWN:
        context.print(f"... and more: --csv FILE writes all that were kept ({len(report.findings)})")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items())) or "both sides agree"
    context.print(f"{report.in_erp} orders in the ERP, {report.here} here: {counts}")


def write(report: Report, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "external_id", "order_id", "stage", "detail"])
        writer.writerows([f.kind, f.external_id, f.order_id, f.stage, f.detail] for f in report.findings)
