"""The scheduled function: polls every source that is due, as far as the time of this invocation goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.observability import log_context
from chalicelib.wiring.application import application
from poller.polling.poll import poll_source
from poller.polling.services import Memory, PollReport, PollServices
from poller.polling.session import RESERVE_MS
from poller.source.file import LoadedSource
from poller.wiring import configured_sources, services_of

_services: PollServices | None = None


def poll_erp(context: Any) -> list[dict[str, object]]:
    """The handler of the schedule. What a poll leaves in memory (connections, recent rows) serves the next one."""
    global _services
    with log_context(step="PollErp", request_id=context.aws_request_id):
        if _services is None:
            _services = services_of(application(context.invoked_function_arn))
        sources = configured_sources(os.environ)
        reports = poll_due_sources(sources, _services, context.get_remaining_time_in_millis)
        return [{"source": report.source, "outcome": report.outcome, "detail": report.detail} for report in reports]


NEVER = datetime.min.replace(tzinfo=UTC)


def poll_due_sources(
    sources: Sequence[LoadedSource], services: PollServices, remaining_ms: Callable[[], int]
) -> tuple[PollReport, ...]:
    """Poll the due sources, the one that waited longest first, so that a slow source starves no other for good.

    Each gets its share of the time left. A failing source does not keep the others from being polled.
    """
    now = services.clock.now()
    due = [item for item in sources if _is_due(item, services.memory_of(item.source.name), now)]
    due.sort(key=lambda item: services.memory_of(item.source.name).last_poll or NEVER)
    reports = []
    for number, item in enumerate(due):
        left = remaining_ms()
        if left < 2 * RESERVE_MS:
            break
        share_ms = left // (len(due) - number)
        services.memory_of(item.source.name).last_poll = services.clock.now()
        reports.append(poll_source(item, services, _until(remaining_ms, left - max(share_ms, 2 * RESERVE_MS))))
    return tuple(reports)


def _is_due(item: LoadedSource, memory: Memory, now: datetime) -> bool:
    """A little early counts: schedules are not exact, and an interval must not become two."""
    return memory.last_poll is None or now - memory.last_poll >= timedelta(seconds=item.source.paging.interval_s * 0.9)


def _until(remaining_ms: Callable[[], int], rest_ms: int) -> Callable[[], int]:
    """The time left of a share that ends when `rest_ms` remain for the others."""
    return lambda: remaining_ms() - rest_ms
