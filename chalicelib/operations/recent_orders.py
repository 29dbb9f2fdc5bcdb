"""The orders whose events the stream has just brought, folded from the stream itself.

A stream delivers the events of an order in sequence, mostly to the same process. What one event has left is where the
next one starts, so the store is read only where a process meets an order in its middle: after a cold start, or when
the order was not touched for longer than it is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence

from cachetools import LRUCache

from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order, evolve, fold
from chalicelib.ports import EventStore

MAX_LINES = 2_000
"""Order lines kept, the measure of an order's size: some 10 MB at most."""


class RecentOrders:
    """Only what was projected is kept (`keep`): what is found here is in the read model, or something newer is."""

    def __init__(self, events: EventStore, max_lines: int = MAX_LINES) -> None:
        self._events = events
        self._orders: LRUCache[str, Order] = LRUCache(max_lines, getsizeof=lambda order: len(order.content.lines))

    def get(self, order_id: str) -> Order | None:
        return self._orders.get(order_id)

    def after(self, events: Sequence[RecordedEvent]) -> Order:
        """The order after these events of it, or after later ones. Raises CorruptHistory, TransientError."""
        order = self.get(events[0].order_id)
        for recorded in events:
            if recorded.sequence == (order.version if order else 0) + 1:
                order = evolve(order, recorded)
            elif order is None or recorded.sequence > order.version:
                return fold(self._events.load(recorded.order_id))
        assert order is not None
        return order

    def keep(self, order: Order) -> None:
        if len(order.content.lines) <= self._orders.maxsize:
            self._orders[order.order_id] = order
