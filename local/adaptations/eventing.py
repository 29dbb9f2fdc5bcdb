"""EventBridge: schedules."""

from __future__ import annotations

from ministack.services import eventbridge


def schedules_to_the_second() -> None:
    """Upstream looks every ten seconds whether a schedule is due."""
    eventbridge._SCHEDULER_TICK_INTERVAL = 1
