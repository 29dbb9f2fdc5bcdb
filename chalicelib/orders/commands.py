"""What people and programs may ask of an order: cancel it, redrive it. Decided on its events, then set in motion."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.decisions import decide_cancellation, decide_redrive
from chalicelib.domain.errors import Moved, TransientError
from chalicelib.domain.state import Order, Status
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import WorkflowEngine


@dataclass(frozen=True, slots=True)
class OrderCommands:
    """Every command may be repeated. What cannot be started now is started by the sweeper.

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

        def request(order: Order) -> Order:
            _ensure_at(order, versions)
            requested = decide_cancellation(order, by, reason)
            if requested is not None:
                order = self.repository.append(order, requested)
            if order.outcome is Status.FAILED:
                order = self.repository.append(order, decide_redrive(order, by, f"cancellation: {reason}"))
            return order

        order = self.repository.handle(order_id, request)
        if not order.is_final:
            self._start(order)
        return order

    def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        """Start a failed order's next attempt, going on where it stands. Raises Refused, UnknownOrder, Contention."""

        def attempt(order: Order) -> Order:
            _ensure_at(order, versions)
            return self.repository.append(order, decide_redrive(order, by, reason))

        order = self.repository.handle(order_id, attempt)
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
