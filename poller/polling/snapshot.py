"""Reads tables without a usable cursor: all rows in key order, compared by hash with what the last pass saw.

The table is cut into ranges of keys that fit one page each, so memory holds one range at a time, whatever the table's
size. A range that has outgrown a page is split where the page ends. Keys are compared by the database alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

from poller.database.dialects import DIALECTS
from poller.database.keyset import Bound, Position, up_to
from poller.database.queries import Select
from poller.polling.modes.watermarks import started
from poller.polling.services import PollOutcome
from poller.polling.session import Session
from poller.reading.reader import HeaderPage, RawOrder
from poller.state.codec import HASH_BYTES, key_text
from poller.state.ports import Chunk, ChunkIndex, Watermark

Stamp = Callable[[Session, Watermark], Watermark]


@dataclass(frozen=True, slots=True)
class Range:
    """Keys after `after` up to `upto`, both None at the ends of the table; compared with chunk `number`."""

    place: int
    number: int
    after: Position | None
    upto: Position | None


def run_snapshot(session: Session, stamp: Stamp) -> PollOutcome:
    """One pass over the table, or as far as time allows; goes on there next time."""
    select = Select(session.reader.queries.key_columns())
    watermark = session.watermark
    if watermark.pass_started_at is None or watermark.position is None:
        watermark = started(watermark, session.ticker(), None)
    while session.deadline.page_begins():
        done = compare_range(session, session.name, select, watermark.position)
        if done is None:
            watermark = replace(watermark, position=None, passed_at=watermark.pass_started_at)
            session.save(stamp(session, watermark), history=True)
            return "finished"
        watermark = replace(watermark, position=done)
        session.save(stamp(session, watermark))
    return "stopped"


def run_nulls(session: Session) -> bool:
    """Rows whose cursor is NULL, which no keyset condition can reach: compared by hash. False if time is up."""
    source = session.loaded.source
    assert source.cursor.column is not None
    name = DIALECTS[source.dialect].name_of(source.cursor.column)
    select = Select(session.reader.queries.key_columns()).where(f"{name} IS NULL")
    after: Position | None = None
    while session.deadline.page_begins():
        after = compare_range(session, f"{session.name}#NULLS", select, after)
        if after is None:
            return True
    return False


def compare_range(session: Session, name: str, select: Select, after: Position | None) -> Position | None:
    """Read the range that begins after `after`, deal with what is new or changed, and store its hashes.

    Returns the last key of the range, None at the end of the table.
    """
    index = session.services.snapshots.index(name)
    part = _range(index, after)
    page = _page(session, select, part)
    orders = session.reader.with_lines(page.orders) if session.loaded.source.cursor.recheck_lines else [*page.orders]
    known = dict(session.services.snapshots.chunk(name, part.number).hashes) if part.number else {}
    seen = {_digest(order): _row_hash(session, order) for order in orders}
    fresh = [order for order in orders if known.get(_digest(order)) != seen[_digest(order)]]
    if not session.loaded.source.cursor.recheck_lines:
        fresh = session.reader.with_lines(fresh)
    session.reader.end()
    session.check_types()
    session.process.counts.read += len(orders)
    session.process.counts.skipped += len(orders) - len(fresh)
    session.process(fresh)
    return _store(session, name, index, part, page, known, seen)


def _page(session: Session, select: Select, part: Range) -> HeaderPage:
    if part.upto is not None:
        inside, parameters = up_to(select.columns, part.upto)
        select = select.where(inside, *parameters)
    after = Bound(part.after) if part.after is not None else None
    page = session.reader.headers(select, after, session.loaded.source.paging.page_rows)
    full = bool(page.orders) and page.orders[-1].key == part.upto
    return replace(page, complete=True) if full else page


def _range(index: ChunkIndex, after: Position | None) -> Range:
    """The range whose keys follow `after`; number 0 for a table never seen before."""
    if not index.ranges:
        return Range(0, 0, None, None)
    ends = [end for _, end in index.ranges]
    place = 0 if after is None else ends.index(after) + 1 if after in ends else 0
    before = index.ranges[place - 1][1] if place else None
    return Range(place, index.ranges[place][0], before, index.ranges[place][1])


def _store(
    session: Session,
    name: str,
    index: ChunkIndex,
    part: Range,
    page: HeaderPage,
    known: dict[bytes, bytes],
    seen: dict[bytes, bytes],
) -> Position | None:
    snapshots = session.services.snapshots
    if page.complete:
        session.process.counts.deleted += len(known.keys() - seen.keys())
        number = part.number or index.next_number
        if known != seen or not part.number:
            snapshots.save_chunk(session.lease, name, number, Chunk(seen))
        if not part.number:
            snapshots.save_index(session.lease, name, ChunkIndex(((number, None),), number + 1))
        return part.upto
    assert page.last is not None
    last = page.orders[-1].key
    rest = {key: row for key, row in known.items() if key not in seen}
    front, back = index.next_number, part.number or index.next_number + 1
    snapshots.save_chunk(session.lease, name, front, Chunk(seen))
    snapshots.save_chunk(session.lease, name, back, Chunk(rest))
    ranges = [*index.ranges]
    ranges[part.place : part.place + 1] = [(front, last), (back, part.upto)]
    snapshots.save_index(session.lease, name, ChunkIndex(tuple(ranges), max(front, back) + 1))
    return last


def _digest(order: RawOrder) -> bytes:
    return blake2b(key_text(order.key).encode(), digest_size=HASH_BYTES).digest()


def _row_hash(session: Session, order: RawOrder) -> bytes:
    full = order.row_hash() if session.loaded.source.cursor.recheck_lines else order.header_hash()
    return full[:HASH_BYTES]
