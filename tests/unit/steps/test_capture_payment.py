"""CapturePayment looks before it charges whenever an earlier try or attempt may have charged, and only then.

The gateway here forgives nothing: it charges as often as it is asked to.
"""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryEventStore, SequentialIds
from chalicelib.domain.events import PaymentCaptured
from chalicelib.domain.state import Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Payment, PaymentRequest
from chalicelib.steps.capture_payment import CapturePayment
from tests.support.builders import append
from tests.support.domain.histories import PAID, in_attempt
from tests.support.domain.specification import ORDER_ID


class UnforgivingGateway:
    """ports.PaymentGateway. `charges` holds what was taken; `calls` the methods that were called."""

    def __init__(self) -> None:
        self.charges: list[Payment] = []
        self.calls: list[str] = []

    def capture(self, request: PaymentRequest) -> Payment:
        self.calls.append("capture")
        self.charges.append(Payment(f"pay_{len(self.charges) + 1}", request.amount, "unforgiving"))
        return self.charges[-1]

    def find(self, request: PaymentRequest) -> Payment | None:
        self.calls.append("find")
        return self.charges[0] if self.charges else None

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        raise AssertionError("nothing is refunded by a capture")

    def void(self, request: PaymentRequest) -> Payment | None:
        raise AssertionError("nothing is voided by a capture")


class Till:
    """One order in its attempt `attempt`."""

    def __init__(self, attempt: int) -> None:
        self.gateway = UnforgivingGateway()
        self.repository = OrderRepository(MemoryEventStore(), FixedClock(), SequentialIds(), "CapturePayment")
        for version, event in enumerate(in_attempt(attempt)):
            self.repository.events.append(append(event, ORDER_ID, version, f"t-{version}"))

    def charged_without_our_knowing(self) -> None:
        self.gateway.charges.append(Payment("pay_lost", self.repository.load(ORDER_ID).content.total, "unforgiving"))

    def capture(self, retry: int) -> PaymentCaptured:
        step = CapturePayment(self.repository, self.gateway, look_first=retry > 0)
        assert step(ORDER_ID) is Status.PAID
        payment = self.repository.load(ORDER_ID).payment
        assert payment is not None
        return payment


def test_the_very_first_try_charges_at_once() -> None:
    till = Till(attempt=1)
    payment = till.capture(retry=0)
    assert till.gateway.calls == ["capture"]
    assert (payment.payment_id, payment.found_by_lookup) == ("pay_1", False)


LATER = pytest.mark.parametrize(
    ("attempt", "retry"),
    [(1, 1), (2, 0), (2, 1), (50, 0)],
    ids=["a retry", "a redrive", "a retry of a redrive", "the last redrive"],
)


@LATER
def test_what_turns_out_not_to_be_charged_is_charged(attempt: int, retry: int) -> None:
    till = Till(attempt)
    payment = till.capture(retry)
    assert till.gateway.calls == ["find", "capture"]
    assert (payment.payment_id, payment.found_by_lookup) == ("pay_1", False)


@LATER
def test_what_was_charged_without_our_knowing_is_found_and_used(attempt: int, retry: int) -> None:
    till = Till(attempt)
    till.charged_without_our_knowing()
    payment = till.capture(retry)
    assert till.gateway.calls == ["find"]
    assert (payment.payment_id, payment.found_by_lookup) == ("pay_lost", True)
    assert len(till.gateway.charges) == 1


def test_a_paid_order_is_not_charged_again() -> None:
    till = Till(1)
    till.repository.events.append(append(PAID[-1], ORDER_ID, len(PAID) - 1, "paid"))
    till.capture(retry=1)
    assert till.gateway.calls == []
