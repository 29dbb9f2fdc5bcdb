"""HandleFailure: a technical failure outlasted the retries. Park the order where it is seen, and say so.

Three effects (event, dead-letter queue, alert), each tried whatever becomes of the others; if one failed, the step
raises at the end and the workflow runs it again, harmlessly. If it fails for good, the sweeper finds the order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.decisions import decide_failure
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.events import OrderFailed
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.letters import failed_order_message
from chalicelib.domain.state import Order, Status
from chalicelib.journal import Journal
from chalicelib.observability import logger
from chalicelib.ports import Alerts, DeadLetterQueue

COMPENSATION_STEPS = ("RefundPayment", "ReleaseInventory", "RejectOrder")


@dataclass(frozen=True, slots=True)
class HandleFailure:
    """Keeps the order's reservation and payment: a parked order is redriven or abandoned, not undone."""

    journal: Journal
    queue: DeadLetterQueue
    alerts: Alerts

    def __call__(self, order_id: str, failure: Failure, retries: int) -> Status:
        """Raises the first error, after everything was tried."""
        order = self.journal.load(order_id)
        failed = self._failed_order(order, failure)
        logger().error(
            "order parked after a technical failure",
            extra={
                "failed_step": failure.step,
                "error": failure.error,
                "error_message": failure.message,
                "fingerprint": failure.fingerprint,
                "attempts": order.attempt,
            },
        )
        self._try_all(
            lambda: self._park(order_id, failure, retries),
            lambda: self.queue.send(failed_order_message(failed)),
            lambda: self.alerts.publish(subject(failed), alert_text(failed, order)),
        )
        return Status.FAILED

    def _park(self, order_id: str, failure: Failure, retries: int) -> None:
        event = OrderFailed(failure.step, failure.error, failure.message, failure.fingerprint, retries)

        def park(order: Order) -> None:
            decided = decide_failure(order, event)
            if decided is not None:
                self.journal.append(order, decided)

        self.journal.decide(order_id, park)

    def _failed_order(self, order: Order, failure: Failure) -> FailedOrder:
        return FailedOrder(
            order_id=order.order_id,
            correlation_id=order.correlation_id,
            source=order.content.source,
            attempt=order.attempt,
            step=failure.step,
            error=failure.error,
            message=failure.message,
            fingerprint=failure.fingerprint,
            failed_at=self.journal.clock.now(),
        )

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


def subject(failed: FailedOrder) -> str:
    """One line for a phone's lock screen."""
    stuck = "Money or stock is stuck" if failed.step in COMPENSATION_STEPS else "Order parked"
    return f"{stuck}: {failed.step} {failed.error} [{failed.fingerprint}]"[:100]


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
        f"Next: a passing cause is redriven by itself. Otherwise mend the cause, then\n"
        f"  POST /orders/{failed.order_id}/redrive   to go on where it stands, or\n"
        f"  POST /orders/{failed.order_id}/cancel    to undo and close it.\n"
        f"See docs/operations.md.\n"
    )
