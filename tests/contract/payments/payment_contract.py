"""What every payment gateway promises: charged once, found again, given back once, and never charged once voided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.domain.errors import Misconfigured, PaymentDeclined
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction
from chalicelib.ports import Payment, PaymentGateway, PaymentRequest

CALLERS = 8
TOTAL = Money(4500, "EUR")


class PaymentContract:
    """Inherit, and override `adapter`, `paying` and `charged`.

    `parallel` is False where the emulator behind the adapter is not safe in threads: then they go one by one.
    """

    parallel = True

    @pytest.fixture
    def adapter(self) -> PaymentGateway:
        raise NotImplementedError

    @pytest.fixture
    def paying(self) -> PaymentRequest:
        """A request for 45.00 EUR that is paid."""
        raise NotImplementedError

    @pytest.fixture
    def declining(self) -> PaymentRequest:
        """A request that is declined."""
        raise NotImplementedError

    def charged(self, adapter: PaymentGateway) -> list[Money]:
        """Every charge that the provider has made, as the provider tells it; a refund does not remove it."""
        raise NotImplementedError

    def test_nothing_is_found_before_the_first_charge(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        assert adapter.find(paying) is None

    def test_a_payment_is_captured_and_found(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        payment = adapter.capture(paying)
        assert payment.payment_id
        assert payment.amount == TOTAL
        assert payment.refund_id == ""
        assert adapter.find(paying) == payment
        assert self.charged(adapter) == [TOTAL]

    def test_a_repeat_returns_the_first_payment_and_charges_nothing(
        self, adapter: PaymentGateway, paying: PaymentRequest
    ) -> None:
        first = adapter.capture(paying)
        assert [adapter.capture(paying), adapter.capture(paying)] == [first, first]
        assert self.charged(adapter) == [TOTAL]

    def test_captures_at_the_same_moment_charge_once(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        with ThreadPoolExecutor(CALLERS if self.parallel else 1) as pool:
            payments = set(pool.map(lambda _: adapter.capture(paying), range(CALLERS)))
        assert len(payments) == 1
        assert self.charged(adapter) == [TOTAL]

    def test_every_order_is_charged_by_itself(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        other = replace(paying, order_id="o-2", amount=Money(1, "EUR"))
        assert adapter.capture(paying).payment_id != adapter.capture(other).payment_id
        assert adapter.find(other) == replace(adapter.capture(other), amount=Money(1, "EUR"))
        assert sorted(self.charged(adapter)) == [Money(1, "EUR"), TOTAL]

    def test_a_decline_says_why_names_the_field_and_charges_nothing(
        self, adapter: PaymentGateway, declining: PaymentRequest
    ) -> None:
        for _ in range(2):  # also to the retry whose first answer was lost
            with pytest.raises(PaymentDeclined) as declined:
                adapter.capture(declining)
            (reason,) = declined.value.reasons
            assert reason.code
            assert reason.field.split(".")[0] in ("payment", "total")
            assert len(reason.message.split()) >= 6
            assert declining.instruction.token not in reason.message or not declining.instruction.token
        assert adapter.find(declining) is None
        assert self.charged(adapter) == []

    def test_a_refund_is_made_once(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        payment = adapter.capture(paying)
        refund_id = adapter.refund(paying, payment.payment_id)
        assert refund_id
        assert adapter.refund(paying, payment.payment_id) == refund_id
        assert adapter.find(paying) == replace(payment, refund_id=refund_id)

    def test_a_refunded_order_is_not_charged_again(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        payment = adapter.capture(paying)
        refund_id = adapter.refund(paying, payment.payment_id)
        assert adapter.capture(paying) == replace(payment, refund_id=refund_id)
        assert self.charged(adapter) == [TOTAL]

    def test_what_was_never_charged_cannot_be_refunded(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        with pytest.raises(Misconfigured, match="nothing to refund"):
            adapter.refund(paying, "pi_unknown")
        adapter.void(paying)
        with pytest.raises(Misconfigured, match="nothing to refund"):
            adapter.refund(paying, "pi_unknown")

    def test_a_voided_order_cannot_be_charged(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        assert [adapter.void(paying), adapter.void(paying)] == [None, None]
        with pytest.raises(PaymentDeclined, match="closed before it was charged"):
            adapter.capture(paying)
        assert adapter.find(paying) is None
        assert self.charged(adapter) == []

    def test_voiding_finds_what_was_charged_before(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        payment = adapter.capture(paying)
        assert adapter.void(paying) == payment
        assert adapter.refund(paying, payment.payment_id)

    def test_a_declined_order_can_be_voided(self, adapter: PaymentGateway, declining: PaymentRequest) -> None:
        with pytest.raises(PaymentDeclined):
            adapter.capture(declining)
        assert [adapter.void(declining), adapter.void(declining)] == [None, None]
        with pytest.raises(PaymentDeclined):
            adapter.capture(declining)
        assert self.charged(adapter) == []

    def test_a_revised_order_is_charged_anew(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        """After the revision before was refunded; nothing of it answers for the next one."""
        first = adapter.capture(paying)
        adapter.refund(paying, first.payment_id)
        revised = replace(paying, revision=2, amount=Money(1000, "EUR"))
        assert adapter.find(revised) is None
        payment = adapter.capture(revised)
        assert payment.payment_id != first.payment_id
        assert (payment.amount, payment.refund_id) == (Money(1000, "EUR"), "")
        assert adapter.capture(revised) == adapter.find(revised) == payment
        assert sorted(self.charged(adapter)) == [Money(1000, "EUR"), TOTAL]
        assert adapter.refund(revised, payment.payment_id)

    def test_what_was_voided_can_be_charged_in_the_next_revision(
        self, adapter: PaymentGateway, paying: PaymentRequest
    ) -> None:
        assert adapter.void(paying) is None
        payment = adapter.capture(replace(paying, revision=2))
        assert adapter.find(replace(paying, revision=2)) == payment
        with pytest.raises(PaymentDeclined, match="closed before it was charged"):
            adapter.capture(paying)
        assert self.charged(adapter) == [TOTAL]

    def test_what_was_declined_can_be_charged_in_the_next_revision(
        self, adapter: PaymentGateway, declining: PaymentRequest, paying: PaymentRequest
    ) -> None:
        with pytest.raises(PaymentDeclined):
            adapter.capture(declining)
        assert adapter.void(declining) is None
        mended = replace(paying, order_id=declining.order_id, revision=2)
        assert adapter.capture(mended) == adapter.void(mended)
        assert adapter.find(declining) is None
        assert self.charged(adapter) == [TOTAL]

    def test_capturing_and_voiding_at_once_leave_no_charge_that_nobody_knows(
        self, adapter: PaymentGateway, paying: PaymentRequest
    ) -> None:
        """Whoever voids sees the charge, or there is none: this is what RefundPayment relies on."""
        for number in range(CALLERS):
            request = replace(paying, order_id=f"o-race-{number}")
            with ThreadPoolExecutor(2 if self.parallel else 1) as pool:
                captured = pool.submit(_capture, adapter, request)
                voided = pool.submit(adapter.void, request)
            assert captured.result() == voided.result() == adapter.find(request)


def _capture(adapter: PaymentGateway, request: PaymentRequest) -> Payment | None:
    try:
        return adapter.capture(request)
    except PaymentDeclined:
        return None


def card(token: str = "pm_card_visa", order_id: str = "o-1", amount: Money = TOTAL) -> PaymentRequest:
    return PaymentRequest(order_id, "C-1001", amount, PaymentInstruction("card", token))


def on_account(order_id: str = "o-1", amount: Money = TOTAL, customer: str = "C-1001") -> PaymentRequest:
    return PaymentRequest(order_id, customer, amount, PaymentInstruction("on_account"))
