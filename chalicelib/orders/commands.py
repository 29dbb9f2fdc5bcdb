"""What people and programs may ask of an order: cancel it, redrive it. Decided on its events, then set in motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.domain.decisions import decide_giving_up, decide_redrive, decide_undoing
from chalicelib.domain.errors import Moved, TransientError
from chalicelib.domain.events import Event
from chalicelib.domain.state import Order
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import WorkflowEngine


@dataclass(frozen=True, slots=True)
class OrderCommands:
    """Every command may be repeated, and stores nothing if it is refused. What cannot be started now is started by the
    sweeper.

    `versions`: of which one must be the order's present one when the command is decided, else it raises Moved; None if
    any will do.
    """

    repository: OrderRepository
    workflow: WorkflowEngine

    def cancel(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        """Ask for the order to be undone and closed; a running step finishes, the next one sees the request.

        A failed order is set in motion again, so that its compensations run: this is also how one is abandoned.
        Raises Refused (confirmed, or being rejected), UnknownOrder, Contention.
        """
        return self._carry_out(order_id, lambda order: decide_undoing(order, by, reason), versions)

    def give_up(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        """Have a failed order undone and closed: cancel it or, if it fails while it is rejected, go on undoing it.

        Raises as `cancel` does.
        """
        return self._carry_out(order_id, lambda order: decide_giving_up(order, by, reason), versions)

    def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        """Start a failed order's next attempt, going on where it stands. Raises Refused, UnknownOrder, Contention."""
        return self._carry_out(order_id, lambda order: (decide_redrive(order, by, reason),), versions)

    def _carry_out(
        self, order_id: str, decide: Callable[[Order], Sequence[Event]], versions: frozenset[int] | None
    ) -> Order:
        stored: list[Event] = []

        def append(order: Order) -> Order:
            if not stored:  # else it is this very command that has changed the order
                _ensure_at(order, versions)
            for event in decide(order):
                order = self.repository.append(order, event)
                stored.append(event)
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


def _ensure_at(order: Order, versions: frozenset[int] | None) -> None:
    if versions is not None and order.version not in versions:
        raise Moved(order.version)
