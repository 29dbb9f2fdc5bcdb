"""How each cursor mode decides where a pass begins, what may be left behind for good, and what must be read again.

A pass reads from the floor to the end. Rows are handed over as soon as they are seen; the floor only decides how far
back the next pass looks. It moves when a pass is finished, to a point before which nothing can appear any more:
  timestamp+id  the time when the pass began, less `overlap_s`, less the age of the oldest open transaction
  id            the highest id of a moment whose transactions had all ended when the pass began
  rowversion    the cap of the pass: the lowest version of an open transaction
  status-flag   none: the state of the row is the cursor
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from chalicelib.mapping.values import Value, wall_clock_floor
from poller.database.clock import ClockReading
from poller.database.dialects import DIALECTS
from poller.database.keyset import Bound, Column, Position
from poller.database.queries import Queries, Select
from poller.source.model import Source
from poller.state.ports import HorizonMark, Watermark

MAX_MARKS = 128
FIRST_PASS_ROWS = 10_000
"""Mode id: a first pass over more rows than this waits until the table's last id is settled, or it would run twice."""


class CursorMode(Protocol):
    """One mode for one source. Pure: watermark and tick in, watermark out."""

    @property
    def select(self) -> Select: ...

    def wants_last(self, watermark: Watermark) -> bool:
        """Whether a new source must first mark the last row of the table."""
        ...

    def begin(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        """Begin a pass: set the candidate, and the floor of a source that starts somewhere."""
        ...

    def narrowed(self, watermark: Watermark) -> Select:
        """The rows of this pass."""
        ...

    def mark(self, watermark: Watermark, tick: ClockReading) -> Watermark:
        """A moment after reading up to `watermark.position`, for later floors."""
        ...

    def finish(self, watermark: Watermark) -> Watermark:
        """The pass has reached the end: the floor moves."""
        ...

    def comes_again(self, position: Position, watermark: Watermark) -> bool:
        """Whether the next pass will read this row again."""
        ...


def cursor_columns(source: Source) -> tuple[Column, ...]:
    """The columns that order the rows: the stamp or version as text, then the key."""
    dialect, cursor, orders = DIALECTS[source.dialect], source.cursor, source.orders
    keys = Queries(source, ()).key_columns()
    if cursor.mode == "timestamp+id":
        assert cursor.column is not None
        name = dialect.name_of(cursor.column)
        stamp = Column(name, dialect.stamp_as_text(cursor.column, cursor.type), dialect.stamp_param(cursor.type))
        return (stamp, *keys)
    if cursor.mode == "rowversion":
        assert cursor.column is not None
        name = dialect.name_of(cursor.column)
        version = Column(name, dialect.rowversion_text.format(name), dialect.rowversion_param)
        return (version, *keys)
    if cursor.mode == "id" and cursor.column is not None and cursor.column not in orders.key:
        name = dialect.name_of(cursor.column)
        return (Column(name, name),)
    return keys


def cursor_mode(source: Source) -> CursorMode:
    """The mode of a source that is read by keyset; snapshot has its own way (snapshot.py)."""
    columns = cursor_columns(source)
    select = Select(columns)
    if source.cursor.mode in ("timestamp+id", "rowversion", "id"):
        select = select.where(f"{columns[0].sql} IS NOT NULL")
    if source.cursor.mode == "timestamp+id":
        return TimestampMode(source, select)
    if source.cursor.mode == "id":
        return IdMode(source, select)
    if source.cursor.mode == "rowversion":
        return RowversionMode(source, select)
    assert source.cursor.mode == "status-flag", "snapshot is read elsewhere"
    assert source.cursor.column is not None
    name = DIALECTS[source.dialect].name_of(source.cursor.column)
    marks = ", ".join("?" * len(source.cursor.states))
    return StatusMode(source, select.where(f"{name} IN ({marks})", *source.cursor.states))


def started(watermark: Watermark, tick: ClockReading, candidate: Bound | None) -> Watermark:
    return replace(watermark, position=None, candidate=candidate, pass_started_at=tick.at)


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


def add_mark(marks: tuple[HorizonMark, ...], mark: HorizonMark, spacing: timedelta) -> tuple[HorizonMark, ...]:
    """With the new mark; marks closer than `spacing` give way to later ones, and there are never more than MAX_MARKS.

    Leaving marks out is always safe: it only moves the floor later.
    """
    if len(marks) >= 2 and marks[-1].at - marks[-2].at < spacing:
        marks = marks[:-1]
    if len(marks) >= MAX_MARKS:
        marks = marks[::2]
    return (*marks, mark)
