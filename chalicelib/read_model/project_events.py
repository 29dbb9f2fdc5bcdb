"""The consumer of the event store's stream: keeps the read model, publishes to the bus, counts.

The only second effect of an event, so that no step has anything else to write and no metric is counted by a retry.
A stream delivers the events of an order in sequence, at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from chalicelib.domain.errors import OrderbridgeError, PermanentError, TransientError
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order
from chalicelib.observability import logger
from chalicelib.ports import EventBus, EventStore, OrderRow, Projection
from chalicelib.read_model.fold_cache import RecentOrders, after

Listener = Callable[[RecordedEvent, Order], None]
"""Called for every event with the order after it, or after later ones; must be idempotent. Raises TransientError."""

SendToStreamFailures = Callable[[str, str], None]
"""Keeps what cannot be projected where an operator sees it: the order's id and the reason. Raises TransientError."""


@dataclass(frozen=True, slots=True)
class ProjectEvents:
    """Handles a batch of stream records. `threads` write the rows of different orders at the same time."""

    events: EventStore
    projection: Projection
    bus: EventBus
    send_to_stream_failures: SendToStreamFailures
    recent: RecentOrders
    threads: Executor
    listeners: Sequence[Listener] = ()

    def __call__(self, batch: Sequence[RecordedEvent]) -> RecordedEvent | None:
        """The first event that must be delivered again, with all after it; None if all are done."""
        orders = self._project(batch)
        for position, recorded in enumerate(batch):
            try:
                self._tell_or_send_to_stream_failures(recorded, orders[recorded.order_id])
            except TransientError as error:
                logger().warning("projection postponed", extra={"error": type(error).__name__})
                return self._publish(batch[:position]) or recorded
        return self._publish(batch)

    def _project(self, batch: Sequence[RecordedEvent]) -> dict[str, Order | OrderbridgeError]:
        """One row for each order of the batch, after all of its events here; or why there is none."""
        events: dict[str, list[RecordedEvent]] = {}
        for recorded in batch:
            events.setdefault(recorded.order_id, []).append(recorded)
        known = [self.recent.get(order_id) for order_id in events]
        do = self.threads.map if len(events) > 1 else map
        projected = dict(zip(events, do(self._project_order, known, events.values()), strict=True))
        for order in projected.values():
            if isinstance(order, Order):
                self.recent.keep(order)
        return projected

    def _project_order(self, known: Order | None, events: Sequence[RecordedEvent]) -> Order | OrderbridgeError:
        try:
            order = after(known, events, self.events.load)
            if order is not known:
                self.projection.put(OrderRow.of(order))
            return order
        except OrderbridgeError as error:
            return error

    def _tell_or_send_to_stream_failures(self, recorded: RecordedEvent, projected: Order | OrderbridgeError) -> None:
        """One order that cannot be read must not hold up the others that share its part of the stream."""
        try:
            if isinstance(projected, OrderbridgeError):
                raise projected
            for listener in self.listeners:
                listener(recorded, projected)
        except PermanentError as error:
            logger().error("event not projected", extra={"order_id": recorded.order_id, "error": type(error).__name__})
            self.send_to_stream_failures(recorded.order_id, str(error))

    def _publish(self, batch: Sequence[RecordedEvent]) -> RecordedEvent | None:
        if not batch:
            return None
        try:
            refused = self.bus.publish(batch)
        except TransientError:
            return batch[0]
        return refused[0] if refused else None
