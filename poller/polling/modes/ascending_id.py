"""Mode id: a number that only grows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from poller.database.clock import ClockReading
from poller.database.keyset import Bound, Position
from poller.database.queries import Select
from poller.polling.modes.watermarks import add_mark, started
from poller.source.model import Source
from poller.state.ports import HorizonMark, Watermark

FIRST_PASS_ROWS = 10_000
"""Mode id: a first pass over more rows than this waits until the table's last id is settled, or it would run twice."""


@dataclass(frozen=True, slots=True)
class IdMode:
    """An ascending id. Sees every row whose transaction ends within `overlap_s` of taking its id, and on PostgreSQL and
    MariaDB those of longer transactions too, up to `hold_s`. Does not see later changes of a row."""

    source: Source
    select: Select

    def wants_last(self, watermark: Watermark) -> bool:
        return watermark.passed_at is None and not watermark.marks

    def begin(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        settled = [mark for mark in watermark.marks if self._is_settled(mark, tick)]
        candidate = Bound(settled[-1].position) if settled else watermark.floor
        start = self.source.cursor.start
        if watermark.passed_at is None and watermark.floor is None and start != "beginning":
            if start != "now":
                watermark = replace(watermark, floor=Bound((start,), inclusive=True))
            elif watermark.marks:
                watermark = replace(watermark, floor=Bound(watermark.marks[0].position))
        return started(watermark, tick, candidate)

    def narrowed(self, watermark: Watermark) -> Select:
        return self.select

    def mark(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        if watermark.position is None:
            return watermark
        spacing = timedelta(seconds=self.source.cursor.overlap_s / 32)
        mark = HorizonMark(tick.at, tick.following, watermark.position)
        return replace(watermark, marks=add_mark(watermark.marks, mark, spacing))

    def finish(self, watermark: Watermark) -> Watermark:
        floor = watermark.candidate or watermark.floor
        marks = watermark.marks
        if watermark.candidate is not None:  # marks before the floor have done their work
            kept = [i for i, mark in enumerate(marks) if mark.position == watermark.candidate.position]
            marks = marks[kept[-1] :] if kept else marks
        passed_at = watermark.pass_started_at
        return replace(watermark, floor=floor, position=None, candidate=None, passed_at=passed_at, marks=marks)

    def comes_again(self, position: Position, watermark: Watermark) -> bool:
        candidate = watermark.candidate
        if candidate is None:
            return True
        here, there = position[0], candidate.position[0]
        if isinstance(here, int | Decimal) and isinstance(there, int | Decimal):
            return here > there
        return True  # text: only the database knows how it sorts

    def _is_settled(self, mark: HorizonMark, tick: ClockReading) -> bool:
        age = tick.at - mark.at
        if age < timedelta(seconds=self.source.cursor.overlap_s):
            return False
        ended = mark.token == 0 or tick.oldest == 0 or mark.token <= tick.oldest
        return ended or age >= timedelta(seconds=self.source.cursor.hold_s)
