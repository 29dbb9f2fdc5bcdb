"""What may happen next to an order, decision by decision: given these events, then that event, nothing, or a refusal.

What may be asked of an order at the limit of its attempts: test_limit_of_attempts.py.
"""

from __future__ import annotations

import pytest

from chalicelib.domain.decisions import (
    decide_cancellation,
    decide_closing,
    decide_failure,
    decide_redrive,
    decide_rejection,
    decide_restart,
    ensure_not_undone,
)
from chalicelib.domain.errors import AlreadyRejected, Cancelled, InsufficientStock, Reason, Refused
from chalicelib.domain.events import (
    CancellationRequested,
    OrderCancelled,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    RejectionDecided,
)
from chalicelib.domain.state import Order
from tests.support.domain.histories import (
    BEING_CANCELLED,
    BEING_REJECTED,
    CANCELLATION,
    CANCELLED,
    CONFIRMED,
    FAILED,
    FAILURE,
    HOLD,
    PAID,
    RECEIVED,
    REFUND,
    REJECTED,
    REJECTION,
    RELEASE,
    RESERVED,
    STUCK,
    STUCK_IN_CANCELLATION,
    STUCK_IN_REJECTION,
    VALIDATED,
    in_attempt,
    redriven,
)
from tests.support.domain.specification import Row, given, order_after, table


def go_on(order: Order) -> None:
    ensure_not_undone(order)


@table(
    given("received", *RECEIVED).then_nothing(),
    given("validated", *VALIDATED).then_nothing(),
    given("reserved", *RESERVED).then_nothing(),
    given("paid", *PAID).then_nothing(),
    given("redriven", *FAILED, redriven(2)).then_nothing(),
    given("being rejected", *BEING_REJECTED).then_raises(AlreadyRejected, "delivery_hold: country KP is on hold"),
    given("cancelled meanwhile", *BEING_CANCELLED).then_raises(Cancelled, "cancelled: cancelled by anna: wrong size"),
    given("cancelled before anything was done", *RECEIVED, CANCELLATION).then_raises(
        Cancelled, "cancelled: cancelled by anna: wrong size"
    ),
    given("cancelled, then rejected by a running step", *BEING_CANCELLED, REJECTION).then_raises(
        AlreadyRejected, "delivery_hold: country KP is on hold"
    ),
    given("being rejected, redriven", *STUCK_IN_REJECTION, redriven(2)).then_raises(
        AlreadyRejected, "delivery_hold: country KP is on hold"
    ),
)
def test_a_forward_step_runs_until_the_order_is_undone(row: Row) -> None:
    row.when(go_on)


def test_every_reason_of_a_rejection_leads_to_the_compensations() -> None:
    both = (HOLD, Reason("delivery_hold", "SKU WIDGET-1 is recalled", "lines[0].sku"))
    with pytest.raises(AlreadyRejected) as raised:
        ensure_not_undone(order_after(*PAID, RejectionDecided("ConfirmOrder", "ConfirmationRefused", both)))
    assert raised.value.reasons == both


SHORT = InsufficientStock(Reason("insufficient_stock", "SKU WIDGET-1: 3 ordered, 2 available", "lines"))
NO = RejectionDecided("ReserveInventory", "InsufficientStock", SHORT.reasons)


@table(
    given("received", *RECEIVED).then(NO),
    given("validated", *VALIDATED).then(NO),
    given("paid", *PAID).then(NO),
    given("redriven", *FAILED, redriven(2)).then(NO),
    given("being rejected for another reason", *BEING_REJECTED).then_nothing(),
    given("cancelled meanwhile", *BEING_CANCELLED).then_nothing(),
)
def test_a_no_is_decided_once(row: Row) -> None:
    row.when(lambda order: decide_rejection(order, "ReserveInventory", SHORT))


REJECTED_FOR_GOOD = OrderRejected((HOLD,))
CANCELLED_FOR_GOOD = OrderCancelled("anna", "wrong size")


@table(
    given("rejected before anything was held", *VALIDATED, REJECTION).then(REJECTED_FOR_GOOD),
    given("cancelled before anything was held", *RECEIVED, CANCELLATION).then(CANCELLED_FOR_GOOD),
    given("rejected, stock and money given back", *BEING_REJECTED, REFUND, RELEASE).then(REJECTED_FOR_GOOD),
    given("cancelled, stock and money given back", *BEING_CANCELLED, RELEASE, REFUND).then(CANCELLED_FOR_GOOD),
    given("cancelled without a payment, stock given back", *RESERVED, CANCELLATION, RELEASE).then(CANCELLED_FOR_GOOD),
    given("cancelled, then rejected: the rejection counts", *RESERVED, CANCELLATION, REJECTION, RELEASE).then(
        REJECTED_FOR_GOOD
    ),
    given("still holds stock", *RESERVED, REJECTION).then_raises(AssertionError, "o-1 still holds stock"),
    given("still holds stock, money given back", *BEING_CANCELLED, REFUND).then_raises(
        AssertionError, "o-1 still holds stock"
    ),
    given("still holds money", *BEING_REJECTED, RELEASE).then_raises(AssertionError, "o-1 still holds money"),
    given("neither rejected nor cancelled", *RECEIVED).then_raises(AssertionError, "o-1 is closed without a reason"),
    given("confirmed", *CONFIRMED).then_nothing(),
    given("rejected", *REJECTED).then_nothing(),
    given("cancelled", *CANCELLED).then_nothing(),
)
def test_an_undone_order_is_closed_once_and_holds_nothing(row: Row) -> None:
    row.when(decide_closing)


REQUEST = CancellationRequested("bert", "ordered twice")
TOO_LATE = "the order is confirmed and on its way; arrange a return instead"
NOTHING_LEFT = "the order is being rejected or is rejected already; there is nothing left to cancel"


@table(
    given("received", *RECEIVED).then(REQUEST),
    given("validated", *VALIDATED).then(REQUEST),
    given("reserved", *RESERVED).then(REQUEST),
    given("paid", *PAID).then(REQUEST),
    given("failed", *FAILED).then(REQUEST),
    given("redriven", *FAILED, redriven(2)).then(REQUEST),
    given("confirmed", *CONFIRMED).then_raises(Refused, TOO_LATE),
    given("being rejected", *BEING_REJECTED).then_raises(Refused, NOTHING_LEFT),
    given("stuck while being rejected", *STUCK_IN_REJECTION).then_raises(Refused, NOTHING_LEFT),
    given("rejected", *REJECTED).then_raises(Refused, NOTHING_LEFT),
    given("rejected without a decision on record", *VALIDATED, REJECTED_FOR_GOOD).then_raises(Refused, NOTHING_LEFT),
    given("asked for before, by somebody else", *BEING_CANCELLED).then_nothing(),
    given("stuck while being cancelled", *STUCK_IN_CANCELLATION).then_nothing(),
    given("cancelled", *CANCELLED).then_nothing(),
)
def test_an_order_can_be_cancelled_until_its_fate_is_decided(row: Row) -> None:
    row.when(lambda order: decide_cancellation(order, "bert", "ordered twice"))


MOST = "the order has had 50 attempts, the most allowed; cancel it"


def next_attempt(attempt: int) -> OrderRedriven:
    return OrderRedriven(attempt, by="bert", reason="fixed in 1.2")


def only_failed(status: str) -> str:
    return f"only a FAILED order can be redriven; this one is {status}"


@table(
    given("failed", *FAILED).then(next_attempt(2)),
    given("failed again", *FAILED, redriven(2), FAILURE).then(next_attempt(3)),
    given("stuck while being cancelled", *STUCK_IN_CANCELLATION).then(next_attempt(2)),
    given("stuck while being rejected", *STUCK_IN_REJECTION).then(next_attempt(2)),
    given("received", *RECEIVED).then_raises(Refused, only_failed("RECEIVED")),
    given("paid", *PAID).then_raises(Refused, only_failed("PAID")),
    given("redriven, and running", *FAILED, redriven(2)).then_raises(Refused, only_failed("RESERVED")),
    given("being cancelled", *BEING_CANCELLED).then_raises(Refused, only_failed("PAID")),
    given("confirmed", *CONFIRMED).then_raises(Refused, only_failed("CONFIRMED")),
    given("rejected", *REJECTED).then_raises(Refused, only_failed("REJECTED")),
    given("cancelled", *CANCELLED).then_raises(Refused, only_failed("CANCELLED")),
    given("failed in the last attempt but one", *in_attempt(49), FAILURE).then(next_attempt(50)),
    given("failed in the last attempt", *in_attempt(50), FAILURE).then_raises(Refused, MOST),
    given("failed in one more, of a release that allowed it", *in_attempt(51), FAILURE).then_raises(
        Refused, MOST.replace("50", "51")
    ),
)
def test_a_failed_order_is_redriven_a_bounded_number_of_times(row: Row) -> None:
    row.when(lambda order: decide_redrive(order, "bert", "fixed in 1.2"))


def no_further(status: str) -> str:
    return f"the order is {status}; it needs no further attempt"


@table(
    given("never started", *RECEIVED).then(next_attempt(2)),
    given("its execution is gone", *PAID).then(next_attempt(2)),
    given("its execution is gone while it is undone", *BEING_REJECTED).then(next_attempt(2)),
    given("stuck while being cancelled", *STUCK_IN_CANCELLATION).then(next_attempt(2)),
    given("gone again", *FAILED, redriven(2)).then(next_attempt(3)),
    given("confirmed", *CONFIRMED).then_raises(Refused, no_further("CONFIRMED")),
    given("rejected", *REJECTED).then_raises(Refused, no_further("REJECTED")),
    given("cancelled", *CANCELLED).then_raises(Refused, no_further("CANCELLED")),
    given("gone in the last attempt but one", *in_attempt(49)).then(next_attempt(50)),
    given("gone in the last attempt", *in_attempt(50)).then_raises(Refused, MOST),
)
def test_an_order_without_an_execution_gets_another_one(row: Row) -> None:
    row.when(lambda order: decide_restart(order, "bert", "fixed in 1.2"))


BUG = OrderFailed("ValidateOrder", "KeyError", "'EUR'", "aaaaaaaaaaaa", attempts=1)


@table(
    given("received", *RECEIVED).then(BUG),
    given("paid", *PAID).then(BUG),
    given("redriven", *FAILED, redriven(2)).then(BUG),
    given("parked already", *FAILED).then_nothing(),
    given("parked already, while being cancelled", *STUCK_IN_CANCELLATION).then_nothing(),
    given("confirmed meanwhile", *CONFIRMED).then_nothing(),
    given("rejected meanwhile", *REJECTED).then_nothing(),
    given("cancelled meanwhile", *CANCELLED).then_nothing(),
)
def test_a_failure_parks_an_order_once(row: Row) -> None:
    row.when(lambda order: decide_failure(order, BUG))


@table(
    given("while it is rejected", *BEING_REJECTED).then(STUCK),
    given("while it is cancelled", *BEING_CANCELLED).then(STUCK),
)
def test_a_failing_compensation_parks_the_order(row: Row) -> None:
    row.when(lambda order: decide_failure(order, STUCK))


@table(
    given("on its way", *PAID).then(BUG),
    given("while it is rejected", *BEING_REJECTED).then_nothing(),
    given("while it is cancelled", *BEING_CANCELLED).then_nothing(),
    given("in a later attempt, while it is cancelled", *STUCK_IN_CANCELLATION, redriven(2)).then_nothing(),
)
def test_a_forward_step_that_fails_parks_no_order_that_is_undone(row: Row) -> None:
    row.when(lambda order: decide_failure(order, BUG, of_forward_step=True))
