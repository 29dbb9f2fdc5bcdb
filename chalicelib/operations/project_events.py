"""The consumer of the event store's stream: keeps the read model, publishes to the bus, counts.

The only second effect of an event, so that no step has anything else to write and no metric is counted by a retry.
A stream delivers the events of an order in sequence, at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.errors import PermanentError, TransientError
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order
from chalicelib.observability import logger
from chalicelib.operations.recent_orders import RecentOrders
from chalicelib.ports import EventBus, OrderRow, Projection

Listener = Callable[[RecordedEvent, Order], None]
"""Called for every event with the order after it, or after later ones; must be idempotent. Raises TransientError."""

SetAside = Callable[[str, str], None]
"""Keeps what cannot be projected where an operator sees it: the order's id and the reason. Raises TransientError."""


@dataclass(frozen=True, slots=True)
class ProjectEvents:
    """Handles a batch of stream records."""

    recent: RecentOrders
    projection: Projection
    bus: EventBus
    set_aside: SetAside
    listeners: Sequence[Listener] = ()

    def __call__(self, batch: Sequence[RecordedEvent]) -> RecordedEvent | None:
        """The first event that must be delivered again, with all after it; None if all are done."""
        events: dict[str, list[RecordedEvent]] = {}
        for recorded in batch:
            events.setdefault(recorded.order_id, []).append(recorded)
        for position, recorded in enumerate(batch):
            try:
                self._project_or_set_aside(recorded, events[recorded.order_id])
            except TransientError as error:
                logger().warning("projection postponed", extra={"error": type(error).__name__})
                return self._publish(batch[:position]) or recorded
        return self._publish(batch)

    def _project_or_set_aside(self, recorded: RecordedEvent, events: Sequence[RecordedEvent]) -> None:
        """One order that cannot be read must not hold up the others that share its part of the stream."""
        try:
            order = self._projected(recorded, events)
            for listener in self.listeners:
                listener(recorded, order)
        except PermanentError as error:
            logger().error("event not projected", extra={"order_id": recorded.order_id, "error": type(error).__name__})
            self.set_aside(recorded.order_id, str(error))

    def _projected(self, recorded: RecordedEvent, events: Sequence[RecordedEvent]) -> Order:
        """The order, after its row holds this event and all of its others in the batch: one write for all of them."""
        order = self.recent.get(recorded.order_id)
        if order is None or order.version < recorded.sequence:
            order = self.recent.after(events)
            self.projection.put(OrderRow.of(order))
            self.recent.keep(order)
        return order

    def _publish(self, batch: Sequence[RecordedEvent]) -> RecordedEvent | None:
        if not batch:
            return None
        try:
            refused = self.bus.publish(batch)
        except TransientError:
            return batch[0]
        return refused[0] if refused else None
