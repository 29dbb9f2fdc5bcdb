"""`python -m poller dry-run SOURCE`: what the next poll would accept; nothing is written on either side."""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from dataclasses import dataclass, field, replace

from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Status, fold
from chalicelib.orders.accept import Accepted
from chalicelib.orders.again import ASKED, Terms, revision_brought
from chalicelib.ports import EventStore
from poller.commands.context import Context, add_source, default_context, quarantined
from poller.polling.poll import poll_source
from poller.polling.services import PollServices
from poller.source.file import LoadedSource
from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks
from poller.state.ports import Findings, Watermark

SHOWN = 20


@dataclass(slots=True)
class DryIntake:
    """Answers as accept() would, from what is stored now, and stores nothing."""

    events: EventStore
    shown: list[OrderContent] = field(default_factory=list)

    def accept(
        self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
    ) -> Accepted:
        """Raises OrderConflict as accept() does."""
        recorded = self.events.load(content.order_id)
        if recorded:
            order = fold(recorded)
            if revision_brought(order, content, correlation_id, channel, terms) is None:
                return Accepted(order.order_id, order.status, order.correlation_id, replayed=True, started=False)
        if len(self.shown) < SHOWN:
            self.shown.append(content)
        return Accepted(content.order_id, Status.RECEIVED, correlation_id, replayed=False, started=False)


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("dry-run", help="what the next poll would accept; nothing is written")
    add_source(parser)
    parser.add_argument("--all", action="store_true", help="as if the source had never been polled")
    parser.add_argument("--seconds", type=int, default=60, help="read for at most so long (default: 60)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if the source can be read."""
    context = context or default_context()
    loaded, stores = context.source(options), context.stores()
    intake = DryIntake(stores.repository.events)
    watermark = Watermark() if options.all else stores.services.watermarks.load(loaded.source.name)
    services, findings = _without_effects(stores.services, intake, loaded, watermark)
    report = poll_source(_harmless(loaded, options.seconds), services)
    counts = report.counts
    for content in intake.shown:
        lines = f"{len(content.lines)} lines, {content.total}"
        context.print(f"would accept {content.external_id} of {content.ordered_at:%Y-%m-%d %H:%M:%S} UTC: {lines}")
    entries = quarantined(findings, loaded.source.name)
    reasons = Counter(reason for entry in entries for reason in entry.reasons)
    for reason, count in reasons.most_common(SHOWN):
        context.print(f"would quarantine {count} rows: {reason}")
    for change in findings.changes(loaded.source.name, SHOWN):
        context.print(f"changed since it was accepted: {change.external_id}: {', '.join(change.fields)}")
    context.print(
        f"{report.outcome}: read {counts.read}, would accept {counts.accepted}, accepted before {counts.replayed}, "
        f"changed {counts.changed}, would quarantine {counts.quarantined} {report.detail}".rstrip()
    )
    return int(report.failed)


def _harmless(loaded: LoadedSource, seconds: int) -> LoadedSource:
    """Without `cursor.acknowledge`, which would change the ERP's rows; enabled, and at any hour."""
    source = loaded.source
    cursor = source.cursor.model_copy(update={"acknowledge": None})
    paging = source.paging.model_copy(update={"time_budget_s": seconds, "lease_s": 900})
    changes = {"cursor": cursor, "paging": paging, "enabled": True, "blackouts": ()}
    return replace(loaded, source=source.model_copy(update=changes))


def _without_effects(
    services: PollServices, intake: DryIntake, loaded: LoadedSource, watermark: Watermark
) -> tuple[PollServices, Findings]:
    """State in memory, which begins as the live watermark is and is forgotten afterwards."""
    watermarks = MemoryWatermarks()
    now, name = services.clock.now(), loaded.source.name
    lease = watermarks.take_over(name, "dry-run", now, now - now)
    watermarks.save(lease, watermark, now)
    findings = MemoryFindings()
    quiet = logging.getLogger("orderbridge.poller.dry-run")
    quiet.setLevel(logging.CRITICAL)
    dry = replace(
        services,
        intake=intake,
        watermarks=watermarks,
        findings=findings,
        snapshots=MemorySnapshots(watermarks),
        log=quiet,
        memory={},
        answer=None,
    )
    return dry, findings
