"""Mode status-flag: the state of a row says whether it is to be read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from poller.database.clock import ClockReading
from poller.database.keyset import Position
from poller.database.queries import Select
from poller.polling.modes.watermarks import started
from poller.source.model import Source
from poller.state.ports import Watermark


@dataclass(frozen=True, slots=True)
class StatusMode:
    """Rows in one of some states, until the write-back (or `acknowledge`) changes it."""

    source: Source
    select: Select

    def wants_last(self, watermark: Watermark) -> bool:
        return False

    def begin(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        return started(watermark, tick, None)

    def narrowed(self, watermark: Watermark) -> Select:
        return self.select

    def mark(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        return watermark

    def finish(self, watermark: Watermark) -> Watermark:
        return replace(watermark, position=None, passed_at=watermark.pass_started_at)

    def comes_again(self, position: Position, watermark: Watermark) -> bool:
        return True
