"""What the modes do to a watermark in the same way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from poller.database.clock import ClockReading
from poller.database.keyset import Bound
from poller.state.ports import HorizonMark, Watermark

MAX_MARKS = 128


def started(watermark: Watermark, tick: ClockReading, candidate: Bound | None) -> Watermark:
    return replace(watermark, position=None, candidate=candidate, pass_started_at=tick.at)


def add_mark(marks: tuple[HorizonMark, ...], mark: HorizonMark, spacing: timedelta) -> tuple[HorizonMark, ...]:
    """With the new mark; marks closer than `spacing` give way to later ones, and there are never more than MAX_MARKS.

    Leaving marks out is always safe: it only moves the floor later.
    """
    if len(marks) >= 2 and marks[-1].at - marks[-2].at < spacing:
        marks = marks[:-1]
    if len(marks) >= MAX_MARKS:
        marks = marks[::2]
    return (*marks, mark)
