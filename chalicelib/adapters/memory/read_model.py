"""The read model in memory."""

from __future__ import annotations

from collections.abc import Iterator
from threading import RLock

from chalicelib.domain.cursors import decode_cursor, encode_cursor
from chalicelib.ports import OrderPage, OrderQuery, OrderRow
from chalicelib.read_model.listing import matches, position


class MemoryProjection:
    """Rows by order id; lists sort them when asked."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._rows: dict[str, OrderRow] = {}

    def put(self, row: OrderRow) -> bool:
        with self._lock:
            stored = self._rows.get(row.order_id)
            if stored is not None and stored.version > row.version:
                return False
            self._rows[row.order_id] = row
            return True

    def remove(self, order_id: str) -> None:
        with self._lock:
            self._rows.pop(order_id, None)

    def get(self, order_id: str) -> OrderRow | None:
        with self._lock:
            return self._rows.get(order_id)

    def query(self, query: OrderQuery) -> OrderPage:
        assert query.limit > 0
        after = decode_cursor(query.cursor)
        with self._lock:
            rows_now = tuple(self._rows.values())
        found = [row for row in rows_now if matches(row, query) and (not after or position(row) < after)]
        found.sort(key=position, reverse=True)
        rows = tuple(found[: query.limit])
        return OrderPage(rows, encode_cursor(position(rows[-1])) if len(found) > len(rows) else "")

    def order_ids(self) -> Iterator[str]:
        with self._lock:
            known = tuple(self._rows)
        yield from known
