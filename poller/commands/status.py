"""`python -m poller status`: how far each source has been read, and what waits for somebody."""

from __future__ import annotations

import argparse
from datetime import datetime

from poller.commands.context import CommandContext, Context, add_source, default_context
from poller.source.file import LoadedSource

MOST = 200
"""What is counted beyond this is shown as "200+": quarantined rows are large."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("status", help="lag, quarantine, changes and waiting answers per source")
    add_source(parser, required=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 unless a source is stopped or has parked answers."""
    context = context or default_context()
    stores = context.stores()
    attention = False
    for loaded in context.sources(options):
        lines, alarming = status(loaded, stores, context.now())
        attention |= alarming
        for line in lines:
            context.print(line)
    return int(attention)


def status(loaded: LoadedSource, stores: CommandContext, now: datetime) -> tuple[list[str], bool]:
    """Lines for one source, and whether somebody has to act."""
    source, services = loaded.source, stores.services
    watermark = services.watermarks.load(source.name)
    if watermark.passed_at is None:
        lag = "never read to the end"
    else:
        lag = f"read to the end {duration((now - watermark.passed_at).total_seconds())} ago"
    if watermark.position is not None:
        lag += ", in the middle of a pass"
    lines = [f"{source.name}: {source.cursor.mode}, {'enabled' if source.enabled else 'DISABLED'}, {lag}"]
    if watermark.stopped:
        lines.append(f"  STOPPED   {watermark.stopped}")
    elif watermark.fingerprint and watermark.fingerprint != loaded.fingerprint:
        lines.append("  note      the source file was changed since the last poll")
    quarantined = services.findings.quarantined(source.name, MOST)
    if quarantined:
        lines.append(f"  rows      {many(len(quarantined))} in quarantine, for example: {quarantined[0].reasons[0]}")
    changes = services.findings.changes(source.name, MOST)
    if changes:
        lines.append(f"  rows      {many(len(changes))} changed after their orders were accepted")
    waiting = stores.outbox.pending(source.name, MOST)
    if waiting:
        age = duration((now - waiting[0].occurred_at).total_seconds())
        lines.append(f"  answers   {many(len(waiting))} wait to be written back, the oldest for {age}")
    parked = stores.outbox.parked(source.name, MOST)
    if parked:
        entry, problem = parked[0]
        lines.append(f"  answers   {many(len(parked))} PARKED, for example {entry.external_id} {entry.kind}: {problem}")
    return lines, bool(watermark.stopped or parked)


def many(count: int) -> str:
    return f"{MOST}+" if count >= MOST else str(count)


def duration(seconds: float) -> str:
    """ "45 s", "12 min", "5.0 h", "3.2 d"."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} d"
