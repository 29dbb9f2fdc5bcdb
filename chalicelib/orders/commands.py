"""What people and programs may ask of an order: cancel it, redrive it. Decided on its events, then set in motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.decisions import decide_giving_up, decide_redrive, decide_undoing
from chalicelib.domain.errors import TransientError
from chalicelib.domain.events import Event
from chalicelib.domain.state import Order
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import WorkflowEngine


@dataclass(frozen=True, slots=True)
class OrderCommands:
    """Every command may be repeated, and stores nothing if it is refused. What cannot be started now is started by the
    sweeper."""

    repository: OrderRepository
    workflow: WorkflowEngine

    def cancel(self, order_id: str, by: str, reason: str) -> Order:
        """Ask for the order to be undone and closed; a running step finishes, the next one sees the request.

        A failed order is set in motion again, so that its compensations run: this is also how one is abandoned.
        Raises Refused (confirmed, or being rejected), UnknownOrder, Contention.
        """

        return self._carry_out(order_id, lambda order: decide_undoing(order, by, reason))

    def give_up(self, order_id: str, by: str, reason: str) -> Order:
        """Have a failed order undone and closed: cancel it or, if it fails while it is rejected, go on undoing it.

        Raises as `cancel` does.
        """
        return self._carry_out(order_id, lambda order: decide_giving_up(order, by, reason))

    def redrive(self, order_id: str, by: str, reason: str) -> Order:
        """Start a failed order's next attempt, going on where it stands. Raises Refused, UnknownOrder, Contention."""
        return self._carry_out(order_id, lambda order: (decide_redrive(order, by, reason),))

    def _carry_out(self, order_id: str, decide: Callable[[Order], Sequence[Event]]) -> Order:
        def append(order: Order) -> Order:
            for event in decide(order):
                order = self.repository.append(order, event)
            return order

        order = self.repository.handle(order_id, append)
        if not order.is_final:
            self._start(order)
        return order

    def _start(self, order: Order) -> None:
        try:
            self.workflow.start(order.order_id, order.correlation_id, order.attempt)
        except TransientError as error:
            logger().warning(
                "start postponed to the sweeper", extra={"order_id": order.order_id, "error": type(error).__name__}
            )
