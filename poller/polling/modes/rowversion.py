"""Mode rowversion: a number that the database assigns at every write."""

from __future__ import annotations

from dataclasses import dataclass, replace

from poller.database.clock import ClockReading
from poller.database.keyset import Bound, Position
from poller.database.queries import Select
from poller.polling.modes.watermarks import started
from poller.source.model import Source
from poller.state.ports import Watermark


@dataclass(frozen=True, slots=True)
class RowversionMode:
    """A number that the database assigns at every write. Reads up to the lowest one of an open transaction: exact."""

    source: Source
    select: Select

    def wants_last(self, watermark: Watermark) -> bool:
        return False

    def begin(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        candidate = Bound((tick.cap,), inclusive=True)
        start = self.source.cursor.start
        if watermark.passed_at is None and watermark.floor is None and start != "beginning":
            floor = candidate if start == "now" else Bound((start,), inclusive=True)
            watermark = replace(watermark, floor=floor)
        return started(watermark, tick, candidate)

    def narrowed(self, watermark: Watermark) -> Select:
        assert watermark.candidate is not None
        column = self.select.columns[0]
        return self.select.where(f"{column.sql} < {column.param}", *watermark.candidate.position)

    def mark(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        return watermark

    def finish(self, watermark: Watermark) -> Watermark:
        passed_at = watermark.pass_started_at
        return replace(watermark, floor=watermark.candidate, position=None, candidate=None, passed_at=passed_at)

    def comes_again(self, position: Position, watermark: Watermark) -> bool:
        return False
