"""HandleFailure: a technical failure outlasted the retries. Let it fail where it is seen, and say so.

Four effects (log, event, dead-letter queue, alert), each tried whatever becomes of the others; if one failed, the step
raises at the end and the workflow runs it again, harmlessly. If it fails for good, the sweeper finds the order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.decisions import decide_failure
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.events import OrderFailed
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.state import Order, Status
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Alerts, DeadLetterQueue
from chalicelib.workflow.table import UNDOING


@dataclass(frozen=True, slots=True)
class HandleFailure:
    """Keeps the order's reservation and payment: a failed order is redriven or abandoned, not undone."""

    repository: OrderRepository
    queue: DeadLetterQueue
    alerts: Alerts

    def __call__(self, order_id: str, failure: Failure, retries: int, attempt: int = 0) -> Status:
        """`retries`: how often the handling itself was tried; `attempt`: the execution that failed, 0 if unknown.

        A failure speaks for its own attempt: if a later one runs, it is logged, and nobody is told. Raises the first
        error, after everything was tried.
        """
        logger().error(
            "technical failure outlasted the retries",
            extra={
                "failed_step": failure.step,
                "error": failure.error,
                "error_message": failure.message,
                "fingerprint": failure.fingerprint,
            },
        )
        try:
            order = self.repository.load(order_id)
        except OrderbridgeError as unreadable:
            if retries == 0:
                self._alert_blindly(order_id, failure, unreadable)
            raise
        if 0 < attempt < order.attempt:
            logger().warning("the order has gone on in a later attempt", extra={"attempt": order.attempt})
            return order.status
        failed = FailedOrder.of(order, failure, self.repository.clock.now())
        self._try_all(
            lambda: self._park(order_id, failure, attempt),
            lambda: self.queue.send(failed_order_message(failed)),
            lambda: self.alerts.publish(subject(failure), alert_text(failed, order)),
        )
        return Status.FAILED

    def _park(self, order_id: str, failure: Failure, attempt: int) -> None:
        def park(order: Order) -> None:
            event = OrderFailed(failure.step, failure.error, failure.message, failure.fingerprint, order.attempt)
            decided = decide_failure(order, event, attempt)
            if decided is not None:
                self.repository.append(order, decided)

        self.repository.handle(order_id, park)

    def _alert_blindly(self, order_id: str, failure: Failure, unreadable: OrderbridgeError) -> None:
        """The order cannot be read, so it cannot be parked now. Somebody should know while the workflow tries on."""
        try:
            self.alerts.publish(subject(failure), unreadable_text(order_id, failure, unreadable))
        except OrderbridgeError as error:
            logger().error("an effect of the failure handling failed", extra={"error": type(error).__name__})

    def _try_all(self, *effects: Callable[[], None]) -> None:
        first: OrderbridgeError | None = None
        for effect in effects:
            try:
                effect()
            except OrderbridgeError as error:
                logger().error("an effect of the failure handling failed", extra={"error": type(error).__name__})
                first = first or error
        if first is not None:
            raise first


def subject(failure: Failure) -> str:
    """One line for a phone's lock screen."""
    kind = "Money or stock is stuck" if failure.step in UNDOING else "Order parked"
    return f"{kind}: {failure.step} {failure.error} [{failure.fingerprint}]"[:100]


def alert_text(failed: FailedOrder, order: Order) -> str:
    """What happened, to which order, why, and what to do next."""
    held = [
        f"a payment of {order.payment.amount}" if order.payment and not order.refund else "",
        "a stock reservation" if order.reservation and not order.release else "",
    ]
    holding = " and ".join(part for part in held if part) or "neither stock nor money"
    return (
        f"Order {failed.order_id} of {failed.source} could not go on: {failed.step} failed with {failed.error} "
        f"after all retries (attempt {failed.attempt}).\n\n"
        f"Why: {failed.message or 'no message'}\n"
        f"It holds: {holding}.\n"
        f"Fingerprint: {failed.fingerprint} (the same for every order that fails this way)\n"
        f"Correlation id: {failed.correlation_id}\n\n"
        f"Next: a passing cause is redriven by itself. Otherwise fix the cause, then\n"
        f"  POST /orders/{failed.order_id}/redrive   to go on where it stands, or\n"
        f"  POST /orders/{failed.order_id}/cancel    to undo and close it.\n"
        f"See docs/operations.md.\n"
    )


def unreadable_text(order_id: str, failure: Failure, unreadable: OrderbridgeError) -> str:
    """The alert about an order that cannot even be parked yet."""
    return (
        f"Order {order_id} could not go on: {failure.step} failed with {failure.error} after all retries, and now its "
        f"events cannot be read: {unreadable}\n\n"
        f"Fingerprint: {failure.fingerprint}\n\n"
        f"Next: look after the event store (table events). The order is parked as soon as it can be read, by the\n"
        f"workflow's retries or, when they are spent, by the sweeper's next attempt. Nothing else is lost.\n"
        f"See docs/operations.md.\n"
    )
