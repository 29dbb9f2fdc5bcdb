"""How each cursor mode decides where a pass begins, what may be left behind for good, and what must be read again.

A pass reads from the floor to the end. Rows are handed over as soon as they are seen; the floor only decides how far
back the next pass looks. It moves when a pass is finished, to a point before which nothing can appear any more:
  timestamp+id  the time when the pass began, less `overlap_s`, less the age of the oldest open transaction
  id            the highest id of a moment whose transactions had all ended when the pass began
  rowversion    the cap of the pass: the lowest version of an open transaction
  status-flag   none: the state of the row is the cursor
"""

from __future__ import annotations

from typing import Protocol

from poller.database.clock import ClockReading
from poller.database.dialects import DIALECTS
from poller.database.keyset import Column, Position
from poller.database.queries import Queries, Select
from poller.polling.modes.ascending_id import IdMode
from poller.polling.modes.rowversion import RowversionMode
from poller.polling.modes.status_flag import StatusMode
from poller.polling.modes.timestamp import TimestampMode
from poller.source.model import Source
from poller.state.ports import Watermark


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
