"""The lives of an order as far as they went: what tests of decisions and folds begin with."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.errors import Reason
from chalicelib.domain.events import (
    CancellationRequested,
    Event,
    InventoryReleased,
    InventoryReserved,
    OrderCancelled,
    OrderConfirmed,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    OrderRevised,
    OrderValidated,
    PaymentCaptured,
    PaymentRefunded,
    RejectionDecided,
)
from chalicelib.domain.money import Money
from chalicelib.domain.order import Line
from tests.support.builders import content, received

HOLD = Reason("delivery_hold", "country KP is on hold", "ship_to.country")
RESERVATION = InventoryReserved({"WIDGET-1": 3})
RELEASE = InventoryReleased({"WIDGET-1": 3})
PAYMENT = PaymentCaptured("pay_1", Money(4500, "EUR"), "sandbox")
REFUND = PaymentRefunded("re_1", Money(4500, "EUR"))
REJECTION = RejectionDecided("ConfirmOrder", "ConfirmationRefused", (HOLD,))
CANCELLATION = CancellationRequested("anna", "wrong size")
FAILURE = OrderFailed("CapturePayment", "DependencyTimeout", "no answer", "0123456789ab", attempts=1)
STUCK = OrderFailed("RefundPayment", "DependencyTimeout", "no answer", "ba9876543210", attempts=1)

RECEIVED: tuple[Event, ...] = (received(),)
VALIDATED = (*RECEIVED, OrderValidated({"customers": "2026-11-01"}))
RESERVED = (*VALIDATED, RESERVATION)
PAID = (*RESERVED, PAYMENT)
CONFIRMED = (*PAID, OrderConfirmed("OB-1"))

BEING_REJECTED = (*PAID, REJECTION)
REJECTED = (*BEING_REJECTED, REFUND, RELEASE, OrderRejected((HOLD,)))
BEING_CANCELLED = (*PAID, CANCELLATION)
CANCELLED = (*BEING_CANCELLED, REFUND, RELEASE, OrderCancelled("anna", "wrong size"))
FAILED = (*RESERVED, FAILURE)
STUCK_IN_CANCELLATION = (*BEING_CANCELLED, STUCK)
STUCK_IN_REJECTION = (*BEING_REJECTED, STUCK)


def revised(revision: int, *lines: Line, **changes: Any) -> OrderRevised:
    """The same order again, or a changed one, as `builders.content` makes it."""
    order = content("SO-1", *lines, **changes)
    return OrderRevised(order, order.payload_hash(), revision)


def redriven(attempt: int) -> OrderRedriven:
    return OrderRedriven(attempt, by="ops", reason="the provider is back")


def in_attempt(attempt: int) -> tuple[Event, ...]:
    """A reserved order whose payment has failed in every attempt before this one, which runs."""
    again = (event for number in range(2, attempt + 1) for event in (FAILURE, redriven(number)))
    return (*RESERVED, *again)
