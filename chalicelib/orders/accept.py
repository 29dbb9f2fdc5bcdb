"""accept(): one conditional write makes an order ours; then the workflow is started.

A crash between the two leaves the order RECEIVED, and the sweeper starts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import OrderbridgeError, TransientError, VersionConflict
from chalicelib.domain.events import OrderReceived
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Order, Status, fold
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Append, WorkflowEngine

PRIVATE_FIELDS = ("ship_to.", "payment.token")
"""Differences in these are named, their values are not shown."""

MAX_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order is durably ours. `replayed`: it was before this call. `started`: its workflow is known to run."""

    order_id: str
    status: Status
    correlation_id: str
    replayed: bool
    started: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A field in which a repeated order differs from the accepted one; values are empty for private fields."""

    field: str
    accepted: str
    sent: str


class OrderConflict(OrderbridgeError):
    """The ERP's order number was accepted before with another content."""

    def __init__(self, order: Order, differences: tuple[Difference, ...]) -> None:
        self.order = order
        self.differences = differences
        fields = ", ".join(difference.field for difference in differences)
        super().__init__(f"order {order.order_id} was accepted with another content; it differs in: {fields}")


@dataclass(frozen=True, slots=True)
class Intake:
    """The one way in for all channels."""

    repository: OrderRepository
    workflow: WorkflowEngine

    def accept(self, content: OrderContent, correlation_id: str, channel: str = "rest") -> Accepted:
        """Take the order once. A repeat with the same content gets the first answer.

        Raises OrderConflict (same number, other content), EventTooLarge, DependencyUnavailable (nothing stored
        for sure only if a repeat finds nothing: the caller repeats).
        """
        try:
            self.repository.events.append(self._first_event(content, correlation_id, channel))
        except VersionConflict:
            return self._repeated(content)
        started = self._start(content.order_id, correlation_id)
        return Accepted(content.order_id, Status.RECEIVED, correlation_id, replayed=False, started=started)

    def _first_event(self, content: OrderContent, correlation_id: str, channel: str) -> Append:
        return Append(
            order_id=content.order_id,
            expected_version=0,
            event=OrderReceived(content, content.payload_hash(), channel),
            recorded_at=self.repository.clock.now(),
            correlation_id=correlation_id,
            source=content.source,
            step=self.repository.step,
            token=self.repository.ids.token(),
        )

    def _repeated(self, content: OrderContent) -> Accepted:
        """The contents themselves are compared: a hash stored by an older release may be made of fewer fields."""
        order = fold(self.repository.events.load(content.order_id))
        different = differences(order.content, content)
        if different:
            raise OrderConflict(order, different)
        never_moved = order.status is Status.RECEIVED and not order.is_undone
        started = self._start(order.order_id, order.correlation_id) if never_moved else True
        return Accepted(order.order_id, order.status, order.correlation_id, replayed=True, started=started)

    def _start(self, order_id: str, correlation_id: str) -> bool:
        """The order is safe whatever happens here: what is not started now is started by the sweeper."""
        try:
            self.workflow.start(order_id, correlation_id, attempt=1)
        except TransientError:
            return False
        return True


def differences(accepted: OrderContent, sent: OrderContent) -> tuple[Difference, ...]:
    """The fields in which two contents differ, at most MAX_DIFFERENCES."""
    before, after = accepted.flat(), sent.flat()
    fields = [field for field in {**before, **after} if before.get(field) != after.get(field)]
    return tuple(
        Difference(field, "", "")
        if field.startswith(PRIVATE_FIELDS)
        else Difference(field, before.get(field, "(absent)"), after.get(field, "(absent)"))
        for field in fields[:MAX_DIFFERENCES]
    )
