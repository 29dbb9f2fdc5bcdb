"""HandleFailure: a technical failure outlasted the retries. Let it fail where it is seen, and say so.

The log and the event first; then the dead-letter queue and the alert, each tried whatever becomes of the other. If one
failed, the step raises at the end and the workflow runs it again, harmlessly. If it fails for good, the sweeper finds
the order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.decisions import decide_failure
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.events import OrderFailed
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.state import Order, Status
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Alerts, DeadLetterQueue
from chalicelib.steps.failure_alert import alert_text, subject, unparked_text
from chalicelib.workflow.table import STEPS

_FORWARD = frozenset(step.name for step in STEPS)


class Handled(StrEnum):
    """What becomes of the order; the state machine goes on by it (workflow/definition.py)."""

    PARKED = "FAILED"
    """It waits for a redrive or an operator."""
    UNDO = "UNDO"
    """It is rejected or cancelled, and the step that failed is not needed for that: its compensations run."""
    SETTLED = "SETTLED"
    """It has ended or gone on in a later attempt; nobody is told."""


@dataclass(frozen=True, slots=True)
class HandleFailure:
    """Keeps the order's reservation and payment: a failed order is redriven or given up.

    One whose undoing is decided is undone, whatever else fails; only a failing compensation parks it.
    """

    repository: OrderRepository
    queue: DeadLetterQueue
    alerts: Alerts

    def __call__(self, order_id: str, failure: Failure, retries: int, attempt: int = 0) -> Handled:
        """`retries`: how often the handling itself was tried; `attempt`: the execution that failed, 0 if unknown.

        A failure speaks for its own attempt: if a later one runs or the order has ended, it is logged, and nobody is
        told. Raises the first error, after everything was tried.
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
            order = self._park(order_id, failure, attempt)
        except OrderbridgeError as unparked:
            if retries == 0:
                self._alert_blindly(order_id, failure, unparked)
            raise
        if order.outcome is None and order.is_undone and order.attempt == (attempt or order.attempt):
            logger().warning("the order is undone all the same", extra={"status": order.status})
            return Handled.UNDO
        if not _is_parked_by(order, failure, attempt):
            logger().warning("the order has moved on from the failure", extra={"status": order.status})
            return Handled.SETTLED
        failed = FailedOrder.of(order, failure, self.repository.clock.now())
        self._try_all(
            lambda: self.queue.send(failed_order_message(failed)),
            lambda: self.alerts.publish(subject(failure, order), alert_text(failed, order)),
        )
        return Handled.PARKED

    def _park(self, order_id: str, failure: Failure, attempt: int) -> Order:
        """The order after the failure, whether or not it has parked it."""

        def park(order: Order) -> Order:
            event = OrderFailed(failure.step, failure.error, failure.message, failure.fingerprint, order.attempt)
            decided = decide_failure(order, event, attempt, of_forward_step=failure.step in _FORWARD)
            return order if decided is None else self.repository.append(order, decided)

        return self.repository.handle(order_id, park)

    def _alert_blindly(self, order_id: str, failure: Failure, unparked: OrderbridgeError) -> None:
        """The order cannot be read or written now. Somebody should know while the workflow tries on."""
        try:
            self.alerts.publish(subject(failure), unparked_text(order_id, failure, unparked))
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


def _is_parked_by(order: Order, failure: Failure, attempt: int) -> bool:
    """Also if an earlier try of the handling has parked it, and was stopped before everybody was told."""
    if order.outcome is not Status.FAILED or order.failure is None or 0 < attempt < order.attempt:
        return False
    return order.failure.fingerprint == failure.fingerprint
