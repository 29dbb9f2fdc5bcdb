"""What may happen next: pure decisions over the state of an order. They return events or raise; others do."""

from __future__ import annotations

from chalicelib.domain.errors import AlreadyRejected, Cancelled, Reason, Refused, Rejection
from chalicelib.domain.events import (
    CancellationRequested,
    OrderCancelled,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    OrderRevised,
    RejectionDecided,
)
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import CLOSED, Order, Status

MAX_ATTEMPTS = 50
"""Executions of one revision, redrives included; an order that needs more is given up and undone. Bounds no undoing."""

MAX_REVISIONS = 50
"""Of one number: a sender that repeats a rejected order without end fills nobody's history."""


def ensure_not_undone(order: Order) -> None:
    """Let a forward step run, or raise the Rejection that leads to the compensations."""
    if order.rejection is not None:
        raise AlreadyRejected(*order.rejection.reasons)
    if order.cancellation is not None:
        raise Cancelled(_cancellation_reason(order.cancellation))


def decide_rejection(order: Order, step: str, rejection: Rejection) -> RejectionDecided | None:
    """The event that makes a "no" final, or None if it is already decided that the order is undone."""
    if order.is_undone:
        return None
    return RejectionDecided(step=step, kind=type(rejection).__name__, reasons=rejection.reasons)


def decide_closing(order: Order) -> OrderRejected | OrderCancelled | None:
    """How an undone order ends; None if it has ended. Asserts that nothing is left reserved or paid."""
    if order.is_final:
        return None
    assert order.reservation is None or order.release is not None, f"{order.order_id} still holds stock"
    assert order.payment is None or order.refund is not None, f"{order.order_id} still holds money"
    if order.rejection is not None:
        return OrderRejected(reasons=order.rejection.reasons)
    assert order.cancellation is not None, f"{order.order_id} is closed without a reason"
    return OrderCancelled(by=order.cancellation.by, reason=order.cancellation.reason)


def decide_cancellation(order: Order, by: str, reason: str) -> CancellationRequested | None:
    """The request to cancel; None if it was asked for before. Raises Refused, with the reason, if it is too late."""
    if order.outcome is Status.CONFIRMED:
        raise Refused("the order is confirmed and on its way; arrange a return instead")
    if order.outcome is Status.REJECTED or order.rejection is not None:
        raise Refused("the order is being rejected or is rejected already; there is nothing left to cancel")
    if order.cancellation is not None:
        return None
    return CancellationRequested(by=by, reason=reason)


def decide_undoing(order: Order, by: str, reason: str) -> tuple[CancellationRequested | OrderRedriven, ...]:
    """All that a request to cancel changes, decided before anything of it is stored. Raises Refused.

    A FAILED order needs one more attempt to be undone; no number of attempts stands in its way.
    """
    requested = decide_cancellation(order, by, reason)
    again = _next_attempt(order, by, f"cancellation: {reason}") if order.outcome is Status.FAILED else None
    return tuple(event for event in (requested, again) if event is not None)


def decide_giving_up(order: Order, by: str, reason: str) -> tuple[CancellationRequested | OrderRedriven, ...]:
    """The same for a dead letter that is discarded: one that fails while it is rejected goes on being undone."""
    if order.outcome is Status.FAILED and order.rejection is not None:
        return (_next_attempt(order, by, f"discarded: {reason}"),)
    return decide_undoing(order, by, reason)


def decide_redrive(order: Order, by: str, reason: str) -> OrderRedriven:
    """One more attempt for a FAILED order, going on where it stands: forward within the limit, or undoing.

    Raises Refused.
    """
    if order.outcome is not Status.FAILED:
        raise Refused(f"only a FAILED order can be redriven; this one is {order.status}")
    if not order.is_undone:
        _ensure_attempts_are_left(order)
    return _next_attempt(order, by, reason)


def decide_restart(order: Order, by: str, reason: str) -> OrderRedriven:
    """One more attempt for an order whose execution is gone without an outcome. Raises Refused.

    Nobody has asked for it, so the limit counts for an order that is undone, too: beyond it, somebody must look.
    """
    if order.is_final:
        raise Refused(f"the order is {order.status}; it needs no further attempt")
    _ensure_attempts_are_left(order)
    return _next_attempt(order, by, reason)


def decide_failure(
    order: Order, failure: OrderFailed, attempt: int = 0, of_forward_step: bool = False
) -> OrderFailed | None:
    """The order fails; None if it has failed or ended meanwhile, or if a later attempt than that of the failure runs.

    An order that is to be undone does not fail for a forward step, which it does not need any more.
    `attempt`: whose failure it is; 0 if nobody knows.
    """
    if order.outcome is not None or 0 < attempt < order.attempt:
        return None
    return None if of_forward_step and order.is_undone else failure


def decide_revision(order: Order, content: OrderContent, channel: str) -> OrderRevised:
    """The number came again: a closed order that holds nothing begins anew. Raises Refused, saying what to do."""
    if order.outcome not in CLOSED:
        raise Refused(_why_not_revised(order))
    if not order.holds_nothing:
        raise Refused(f"it is {order.status}, but something is still reserved or paid; an operator must look after it")
    if order.revision >= MAX_REVISIONS:
        raise Refused(f"it has had {order.revision} revisions, the most allowed; send it under a new external_id")
    return OrderRevised(content, content.payload_hash(), order.revision + 1, channel)


def _why_not_revised(order: Order) -> str:
    if order.outcome is Status.CONFIRMED:
        return "it is CONFIRMED and on its way; a further order needs an external_id of its own"
    if order.outcome is Status.FAILED:
        return "it is FAILED and waits for an operator; send it again when it is REJECTED or CANCELLED"
    if order.is_undone:
        ends = Status.REJECTED if order.rejection is not None else Status.CANCELLED
        return f"it is being undone; send it again when it is {ends}"
    return f"it is {order.status} and goes on; send it again if it is REJECTED or CANCELLED in the end"


def attempts_are_spent(order: Order) -> bool:
    """Nothing gives this order another attempt by itself; see MAX_ATTEMPTS. An undoing has as many of its own: it was
    promised when it was decided, in whichever attempt that was."""
    tries = order.attempt - order.undone_from + 1 if order.is_undone else order.tries
    return tries >= MAX_ATTEMPTS


def _ensure_attempts_are_left(order: Order) -> None:
    if attempts_are_spent(order):
        raise Refused(f"the order has had {order.tries} attempts, the most allowed; cancel it")


def _next_attempt(order: Order, by: str, reason: str) -> OrderRedriven:
    return OrderRedriven(attempt=order.attempt + 1, by=by, reason=reason)


def _cancellation_reason(cancellation: CancellationRequested) -> Reason:
    return Reason("cancelled", f"cancelled by {cancellation.by}: {cancellation.reason}")
