"""Reading an order's state and adding an event to it: the one path between decisions and the event store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from chalicelib.domain.errors import Contention, UnknownOrder, VersionConflict
from chalicelib.domain.events import Event
from chalicelib.domain.state import Order, evolve, fold
from chalicelib.ports import Append, Clock, EventStore, Ids

MAX_DECISIONS = 8
"""How often a decision is made anew because somebody else appended to the same order meanwhile."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class OrderRepository:
    """The event store with a clock and an id source, for one named step or front end.

    `attempt`: of a step, the execution that runs it; 0 for a front end, or if it has no number.
    """

    events: EventStore
    clock: Clock
    ids: Ids
    step: str
    attempt: int = 0

    def load(self, order_id: str) -> Order:
        """The order as it stands. Raises UnknownOrder."""
        recorded = self.events.load(order_id)
        if not recorded:
            raise UnknownOrder(order_id)
        return fold(recorded)

    def pending(self, order: Order, event: Event) -> Append:
        """The append of `event` to the order as loaded, for adapters that store it in their own transaction."""
        return Append(
            order_id=order.order_id,
            expected_version=order.version,
            event=event,
            recorded_at=self.clock.now(),
            correlation_id=order.correlation_id,
            source=order.content.source,
            step=self.step,
            token=self.ids.token(),
        )

    def append(self, order: Order, event: Event, correlation_id: str = "") -> Order:
        """Store the event after the order as loaded; the order after it. Raises VersionConflict.

        `correlation_id`: of the call that brings a new revision; else the order's own stays.
        """
        pending = self.pending(order, event)
        if correlation_id:
            pending = replace(pending, correlation_id=correlation_id)
        return evolve(order, self.events.append(pending))

    def handle(self, order_id: str, decision: Callable[[Order], Result]) -> Result:
        """Load, decide and act, again on a conflict, until nobody interfered. Raises Contention, UnknownOrder."""
        for _ in range(MAX_DECISIONS):
            order = self.load(order_id)
            try:
                return decision(order)
            except VersionConflict:
                continue
        raise Contention(f"order {order_id} was changed {MAX_DECISIONS} times while deciding about it")
