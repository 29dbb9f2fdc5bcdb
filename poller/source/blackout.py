"""Hours in which an ERP is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from poller.source.model import Blackout, Source

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def in_blackout(source: Source, now: datetime) -> bool:
    """Whether `now` (aware) lies in one of the source's windows, in its time zone."""
    local = now.astimezone(ZoneInfo(source.timezone))
    return any(_covers(window, local) for window in source.blackouts)


def _covers(window: Blackout, local: datetime) -> bool:
    """A window over midnight belongs to the day on which it begins."""
    today, clock = _DAYS[local.weekday()], local.time()
    if window.start <= window.end:
        return today in window.days and window.start <= clock < window.end
    yesterday = _DAYS[(local - timedelta(days=1)).weekday()]
    return (today in window.days and clock >= window.start) or (yesterday in window.days and clock < window.end)
