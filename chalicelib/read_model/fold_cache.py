"""The orders whose events the stream has just brought, folded from the stream itself.

A stream delivers the events of an order in sequence, mostly to the same process. What one event has left is where the
next one starts, so the store is read only where a process meets an order in its middle: after a cold start, or when
the order was not touched for longer than it is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cachetools import LRUCache

from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order, evolve, fold

MAX_LINES = 2_000
"""Order lines kept, the measure of an order's size: some 10 MB at most."""


class RecentOrders:
    """Keep only what was projected: what is found here is in the read model, or something newer is."""

    def __init__(self, max_lines: int = MAX_LINES) -> None:
        self._orders: LRUCache[str, Order] = LRUCache(max_lines, getsizeof=lambda order: len(order.content.lines))

    def get(self, order_id: str) -> Order | None:
        return self._orders.get(order_id)

    def keep(self, order: Order) -> None:
        if len(order.content.lines) <= self._orders.maxsize:
            self._orders[order.order_id] = order


def after(
    order: Order | None, events: Sequence[RecordedEvent], load: Callable[[str], Sequence[RecordedEvent]]
) -> Order:
    """The order after these events of it, or after later ones; loaded where they do not follow on it.

    Raises CorruptHistory, and what `load` raises.
    """
    for recorded in events:
        if recorded.sequence == (order.version if order else 0) + 1:
            order = evolve(order, recorded)
        elif order is None or recorded.sequence > order.version:
            return fold(load(recorded.order_id))
    assert order is not None
    return order
