"""Reads a source by its cursor: page after page from the floor to the end, the watermark behind the accepted orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from poller.database.keyset import Bound
from poller.polling.cursors import CursorMode, cursor_mode
from poller.polling.modes.ascending_id import FIRST_PASS_ROWS
from poller.polling.row_version import terms_of
from poller.polling.services import PollOutcome
from poller.polling.session import Session
from poller.reading.reader import RawOrder
from poller.state.ports import Watermark

PAGES_PER_MARK = 20


def run_pass(session: Session) -> PollOutcome:
    """Read until the end or until time is up. Raises whatever reading, accepting and saving raise."""
    mode = cursor_mode(session.loaded.source)
    recent = session.services.memory_of(session.name).recent
    watermark = session.watermark
    if watermark.pass_started_at is None or watermark.position is None:
        watermark = _begin(session, mode)
        recent.begin_pass()
    rows = pages = 0
    while session.deadline.page_begins():
        after = Bound(watermark.position) if watermark.position is not None else watermark.floor
        page = session.reader.headers(mode.narrowed(watermark), after, session.loaded.source.paging.page_rows)
        orders = _unknown(session, mode, watermark, page.orders)
        session.reader.end()
        session.check_types()
        session.acknowledge(session.process([order for order, _ in orders]))
        _remember(session, mode, watermark, orders)
        if page.last is not None:
            assert page.complete or page.last != watermark.position, (
                "the cursor columns do not identify a row: the same page came again"
            )
            watermark = replace(watermark, position=page.last)
        rows, pages = rows + len(page.orders), pages + 1
        if page.complete:
            watermark = mode.finish(mode.mark(watermark, session.ticker()))
            session.save(stamped(session, watermark), history=True)
            return "finished"
        if pages % PAGES_PER_MARK == 0:
            watermark = mode.mark(watermark, session.ticker())
        first_pass = watermark.passed_at is None and watermark.candidate is None
        if first_pass and session.loaded.source.cursor.mode == "id" and rows >= FIRST_PASS_ROWS:
            session.save(stamped(session, replace(watermark, position=None)))
            return "settling"
        session.save(stamped(session, watermark))
    return "stopped"


def _begin(session: Session, mode: CursorMode) -> Watermark:
    watermark = session.watermark
    if mode.wants_last(watermark):
        last = session.reader.last(mode.select)
        session.reader.end()
        if last is not None:
            watermark = replace(mode.mark(replace(watermark, position=last), session.ticker()), position=None)
    return mode.begin(watermark, session.ticker())


def _unknown(
    session: Session, mode: CursorMode, watermark: Watermark, headers: Sequence[RawOrder]
) -> list[tuple[RawOrder, bytes]]:
    """The orders of the page that must be dealt with, each with the hash to remember ("" if it will not come again)."""
    memory = session.services.memory_of(session.name).recent
    recheck = session.loaded.source.cursor.recheck_lines
    counts = session.process.counts
    counts.read += len(headers)
    wanted = [order for order in headers if recheck or not _known_header(session, mode, watermark, order)]
    found: list[tuple[RawOrder, bytes]] = []
    for order in session.reader.with_lines(wanted):
        row_hash = b""
        if mode.comes_again(order.position, watermark):
            row_hash = _seen(session, order, order.row_hash() if recheck else order.header_hash())
            if memory.knows(order.key, row_hash):
                memory.remember(order.key, row_hash)
                continue
        found.append((order, row_hash))
    counts.skipped += len(headers) - len(found)
    return found


def _known_header(session: Session, mode: CursorMode, watermark: Watermark, order: RawOrder) -> bool:
    """Without `recheck_lines` the header alone tells whether the order was dealt with."""
    if not mode.comes_again(order.position, watermark):
        return False
    memory = session.services.memory_of(session.name).recent
    row_hash = _seen(session, order, order.header_hash())
    known = memory.knows(order.key, row_hash)
    if known:
        memory.remember(order.key, row_hash)
    return known


def _seen(session: Session, order: RawOrder, row_hash: bytes) -> bytes:
    """What is remembered of a row. Where a touched row may bring its order anew, its place counts too."""
    if not terms_of(session.loaded.source).renews:
        return row_hash
    return row_hash + hash(order.position).to_bytes(8, "big", signed=True)


def _remember(
    session: Session, mode: CursorMode, watermark: Watermark, orders: Sequence[tuple[RawOrder, bytes]]
) -> None:
    memory = session.services.memory_of(session.name).recent
    for order, row_hash in orders:
        if row_hash:
            memory.remember(order.key, row_hash)


def stamped(session: Session, watermark: Watermark) -> Watermark:
    """What every saved watermark carries: the column types seen, the source file's fingerprint, and no alarm."""
    types = session.reader.types or watermark.types
    return replace(watermark, types=types, fingerprint=session.loaded.fingerprint, stopped="")
