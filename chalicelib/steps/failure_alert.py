"""What people are told about an order that is parked: the alert's subject and text."""

from __future__ import annotations

from chalicelib.domain.decisions import attempts_are_spent
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.state import Order
from chalicelib.workflow.table import UNDOING


def subject(failure: Failure, order: Order | None = None) -> str:
    """One line for a phone's lock screen. `order`: as it stands, if it can be read."""
    is_stuck = failure.step in UNDOING or (order is not None and order.is_undone)
    kind = "Money or stock is stuck" if is_stuck else "Order parked"
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
        f"Next: {_next(order)}"
        f"See docs/operations.md.\n"
    )


def _next(order: Order) -> str:
    redrive, cancel = f"  POST /orders/{order.order_id}/redrive   ", f"  POST /orders/{order.order_id}/cancel    "
    if order.is_undone:
        return f"fix the cause, then\n{redrive}to go on undoing it.\n"
    if attempts_are_spent(order):
        return (
            f"it has had all its {order.tries} attempts. Fix the cause, then\n{cancel}to undo and close it. "
            "Its number may then be sent again.\n"
        )
    return (
        "a passing cause is redriven by itself. Otherwise fix the cause, then\n"
        f"{redrive}to go on where it stands, or\n{cancel}to undo and close it.\n"
    )


def unparked_text(order_id: str, failure: Failure, unparked: OrderbridgeError) -> str:
    """The alert about an order that cannot even be parked yet."""
    return (
        f"Order {order_id} could not go on: {failure.step} failed with {failure.error} after all retries, and now its "
        f"events cannot be read or written: {unparked}\n\n"
        f"Fingerprint: {failure.fingerprint}\n\n"
        f"Next: look after the event store (table events). The order is parked as soon as it can be read, by the\n"
        f"workflow's retries or, when they are spent, by the sweeper's next attempt. Nothing else is lost.\n"
        f"See docs/operations.md.\n"
    )
