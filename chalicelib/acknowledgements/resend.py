"""Announces outcomes again because a person wants it: of one order, or of a source's orders of some time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.acknowledgements.notice import Notice
from chalicelib.acknowledgements.outbox import POLLER_CHANNEL, Outbox, latest_entry
from chalicelib.acknowledgements.subscription import Subscriptions
from chalicelib.domain.errors import UnknownOrder
from chalicelib.domain.state import FINAL, Order, fold
from chalicelib.ports import EventStore, OrderQuery, OrderRow, Projection

PAGE = 100


@dataclass(frozen=True, slots=True)
class Resend:
    """`again`: also what the ERP was told already. Raises UnknownOrder, DependencyUnavailable."""

    events: EventStore
    projection: Projection
    subscriptions: Subscriptions
    outbox: Outbox
    send: Callable[[dict[str, object]], None]

    def order(self, order_id: str, again: bool) -> str:
        """What was done: announced, told already, not final, or no callback is wanted."""
        recorded = self.events.load(order_id)
        if not recorded:
            raise UnknownOrder(order_id)
        order = fold(recorded)
        if not order.is_final:
            return "not final"
        if not again and {order.status, order.status.lower()} & set(order.acknowledged):
            return "told already"
        if self.subscriptions.get(order.content.source).url:
            self.send(Notice(order_id, order.content.source, again=again).message())
            return "announced"
        entry = latest_entry(recorded)
        if entry is not None and _is_polled(order):
            self.outbox.put(entry)
            return "announced"
        return "no callback is wanted"

    def source(self, source: str, start: datetime, end: datetime, again: bool) -> Counter[str]:
        """Of the orders of the source that were received in [start, end), by what was done."""
        return Counter(self.order(row.order_id, again) for row in self._rows(source, start, end))

    def _rows(self, source: str, start: datetime, end: datetime) -> Iterator[OrderRow]:
        query = OrderQuery(source=source, start=start, end=end, limit=PAGE)
        while True:
            page = self.projection.query(query)
            yield from (row for row in page.rows if row.status in FINAL)
            if not page.cursor:
                return
            query = replace(query, cursor=page.cursor)


def _is_polled(order: Order) -> bool:
    return any(revision.channel == POLLER_CHANNEL for revision in order.revisions)
