"""Mode timestamp+id: a stamp that every change moves, then the key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.mapping.values import Value, wall_clock_floor
from poller.database.clock import ClockReading
from poller.database.keyset import Bound, Position
from poller.database.queries import Select
from poller.polling.modes.watermarks import MAX_MARKS, add_mark, started
from poller.source.model import Source
from poller.state.ports import HorizonMark, Watermark


@dataclass(frozen=True, slots=True)
class TimestampMode:
    """Composite (stamp, key). Sees every row that becomes visible within `overlap_s` of its stamp, by the database's
    clock, and on PostgreSQL and MariaDB those of longer transactions too, up to `hold_s`."""

    source: Source
    select: Select

    def wants_last(self, watermark: Watermark) -> bool:
        return False

    def begin(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        candidate = Bound((self.stamp(self._settled(watermark, tick)),), inclusive=True)
        if watermark.passed_at is None and watermark.floor is None:
            start = self.source.cursor.start
            if start != "beginning":
                floor = candidate if start == "now" else Bound((start,), inclusive=True)
                watermark = replace(watermark, floor=floor)
        marks = add_mark(watermark.marks, HorizonMark(tick.at, tick.following, ()), self._spacing())
        return replace(started(watermark, tick, candidate), marks=marks)

    def narrowed(self, watermark: Watermark) -> Select:
        return self.select

    def mark(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        return watermark

    def finish(self, watermark: Watermark) -> Watermark:
        """Never beyond the last row: a database clock that runs ahead for a while does no harm."""
        floor = watermark.floor
        if watermark.position is not None and watermark.candidate is not None:
            last, candidate = watermark.position, watermark.candidate
            behind = self._comparable(last[0]) < self._comparable(candidate.position[0])
            floor = Bound(last) if behind else candidate
        return replace(watermark, floor=floor, position=None, candidate=None, passed_at=watermark.pass_started_at)

    def comes_again(self, position: Position, watermark: Watermark) -> bool:
        candidate = watermark.candidate
        return candidate is None or self._comparable(position[0]) >= self._comparable(candidate.position[0])

    def stamp(self, moment: datetime) -> Value:
        """The moment as this source would stamp it, rounded down to what its column can hold."""
        cursor = self.source.cursor
        if cursor.type == "timestamptz" or cursor.zone == "utc":
            naive = moment.astimezone(UTC).replace(tzinfo=None)
        else:
            naive = wall_clock_floor(moment, ZoneInfo(self.source.timezone))
        if cursor.format is not None:
            text = naive.strftime(cursor.format)
            return int(text) if cursor.type == "number" else text
        if cursor.type == "date":
            return naive.strftime("%Y-%m-%d %H:%M:%S" if self.source.dialect == "oracle" else "%Y-%m-%d")
        short = cursor.type == "datetime" or self.source.dialect == "sqlite"
        return naive.strftime("%Y-%m-%d %H:%M:%S" if short else "%Y-%m-%d %H:%M:%S.%f")

    def _settled(self, watermark: Watermark, tick: ClockReading) -> datetime:
        """All transactions that began before this moment have ended."""
        base = tick.at
        if tick.oldest < tick.following:
            hold = tick.at - timedelta(seconds=self.source.cursor.hold_s)
            older = [mark.at for mark in watermark.marks if 0 < mark.token <= tick.oldest]
            base = min(tick.at, max([hold, *older]))
        return base - timedelta(seconds=self.source.cursor.overlap_s)

    def _spacing(self) -> timedelta:
        return timedelta(seconds=max(self.source.cursor.hold_s / MAX_MARKS, 0.5))

    def _comparable(self, value: Value) -> tuple[int, str]:
        """Numbers by value, times as ISO text: it sorts as the times do."""
        return (int(str(value)), "") if self.source.cursor.type == "number" else (0, str(value))
