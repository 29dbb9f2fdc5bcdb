"""Second chances: quarantined rows are read again by their key, and tried when they or the source file have changed."""

from __future__ import annotations

from poller.polling.cursors import cursor_mode
from poller.polling.session import Session
from poller.state.codec import key_of, key_text

ROWS_PER_POLL = 50


def retry_quarantined(session: Session) -> None:
    """Look at the next few; in turn, so that each is looked at sooner or later. Raises as reading and accepting do."""
    entries = sorted(session.process.quarantined)
    if not entries:
        return
    memory = session.services.memory_of(session.name)
    turn = [key for key in entries if key > memory.retried_up_to][:ROWS_PER_POLL] or entries[:ROWS_PER_POLL]
    memory.retried_up_to = turn[-1]
    readable = [key for key in map(key_of, turn) if None not in key]
    source = session.loaded.source
    in_state = cursor_mode(source).select if source.cursor.mode == "status-flag" else None
    orders = session.reader.by_keys(readable, in_state)
    session.reader.end()
    fresh = []
    for order in orders:
        now = (order.row_hash().hex(), session.loaded.fingerprint)
        if session.process.quarantined.get(key_text(order.key)) != now:
            fresh.append(order)
    session.process(fresh)
