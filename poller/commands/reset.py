"""`python -m poller reset SOURCE --to ...`: move the watermark, after a confirmation; the old one is kept."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import Misconfigured
from poller.commands.context import Context, add_source, default_context
from poller.database.clock import ClockReading, DatabaseClock
from poller.database.connection import ErpConnection
from poller.database.queries import Queries
from poller.polling.cursors import cursor_columns, cursor_mode
from poller.polling.services import PollServices
from poller.reading.reader import Reader
from poller.source.file import LoadedSource
from poller.source.model import Source
from poller.state.ports import Lease, Watermark

LEASE = timedelta(minutes=5)
HISTORY = 20


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("reset", help="move a source's watermark, or show its history")
    add_source(parser)
    choice = parser.add_mutually_exclusive_group(required=True)
    text = "beginning, now, or a value of the cursor column as the database writes it"
    choice.add_argument("--to", metavar="PLACE", help=text)
    choice.add_argument("--undo", type=int, metavar="N", help="back to watermark N of the history")
    choice.add_argument("--history", action="store_true", help="only show the history")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if it was reset (or shown), 1 if the answer was no."""
    context = context or default_context()
    loaded = context.source(options)
    name, services = loaded.source.name, context.stores().services
    current, history = services.watermarks.load(name), services.watermarks.history(name, HISTORY)
    context.print(f"now: {describe(current)}")
    if options.history:
        for number, old in enumerate(history, start=1):
            context.print(f"{number:3}: {describe(old)}")
        return 0
    if options.undo is not None and not 1 <= options.undo <= len(history):
        raise Misconfigured(f"there are {len(history)} watermarks in the history of {name}: see --history")
    target = history[options.undo - 1] if options.undo is not None else target_of(options.to, loaded, context)
    context.print(f"new: {describe(target)}")
    context.print("Orders read again are recognised by accept(); orders skipped are found by reconcile and backfill.")
    if not options.yes and context.ask(f"Type {name} to move its watermark: ").strip() != name:
        context.print("nothing was changed")
        return 1
    move(services, loaded, current, target, services.clock.now())
    context.print(f"the watermark of {name} was moved; a poll that was under way saves nothing any more")
    return 0


def target_of(place: str, loaded: LoadedSource, context: Context) -> Watermark:
    """The watermark for a place. Raises Misconfigured; asks the ERP's clock for `now`."""
    source = loaded.source
    if source.cursor.mode in ("snapshot", "status-flag"):
        if place != "beginning":
            raise Misconfigured(f"mode {source.cursor.mode} has no position: only --to beginning is possible")
        return Watermark()
    start: str | int = int(place) if source.cursor.mode == "id" and place.lstrip("-").isdigit() else place
    asked = source.model_copy(update={"cursor": source.cursor.model_copy(update={"start": start})})
    mode = cursor_mode(asked)
    connection = context.connect(source)
    try:
        tick = DatabaseClock(connection, asked, context.now())()
        fresh = Watermark()
        if place == "now" and mode.wants_last(fresh):
            fresh = _at_the_last_row(asked, connection, tick)
        begun = mode.begin(fresh, tick)
    finally:
        connection.close()
    # `passed_at` tells a source that was reset from a new one, which would begin at its own cursor.start.
    return Watermark(floor=begun.floor, passed_at=tick.at, marks=begun.marks)


def _at_the_last_row(source: Source, connection: ErpConnection, tick: ClockReading) -> Watermark:
    """Mode id: the table's last row, marked as run_pass() does for a new source."""
    mode = cursor_mode(source)
    last = Reader(connection, Queries(source, cursor_columns(source)), {}).last(mode.select)
    connection.end()
    return replace(mode.mark(Watermark(position=last), tick), position=None)


def move(services: PollServices, loaded: LoadedSource, current: Watermark, target: Watermark, now: datetime) -> None:
    """Under a lease of our own, whoever holds it now. The old watermark goes into the history first."""
    name = loaded.source.name
    lease: Lease = services.watermarks.take_over(name, f"reset-{services.ids.token()}", now, LEASE)
    services.watermarks.save(lease, current, now, history=True)
    if loaded.source.cursor.mode == "snapshot":
        services.snapshots.clear(lease, name)
    services.snapshots.clear(lease, f"{name}#NULLS")
    services.watermarks.save(lease, replace(target, stopped=""), services.clock.now())
    services.watermarks.release(lease)


def describe(watermark: Watermark) -> str:
    """The floor, and when the last finished pass began."""
    floor = "the beginning" if watermark.floor is None else " / ".join(map(str, watermark.floor.position))
    passed = f"{watermark.passed_at:%Y-%m-%d %H:%M:%S} UTC" if watermark.passed_at else "never"
    stopped = f"; stopped: {watermark.stopped}" if watermark.stopped else ""
    return f"everything before {floor} is settled; last pass: {passed}{stopped}"
