"""What the gateways share: tokens, words for declines, Stripe's units, the choice of a gateway."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments.declines import card_declined
from chalicelib.adapters.payments.router import PaymentRouter
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.adapters.payments.sandbox.tokens import DECLINING, SUCCEEDING, Rehearsal
from chalicelib.adapters.payments.stripe.amounts import stripe_amount
from chalicelib.domain.errors import Misconfigured, PaymentDeclined, Reason
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction
from chalicelib.ports import PaymentRequest

EUR = Money(4500, "EUR")


def request(token: str = "pm_card_visa", method: str = "card", amount: Money = EUR) -> PaymentRequest:
    return PaymentRequest("o-1", "C-1001", amount, PaymentInstruction(method, token))


def sandbox() -> SandboxGateway:
    return SandboxGateway(MemoryChargeLedger(), FixedClock(), SequentialIds())


def reason_of(declined: pytest.ExceptionInfo[PaymentDeclined]) -> Reason:
    (reason,) = declined.value.reasons
    return reason


@pytest.mark.parametrize("token", sorted(SUCCEEDING))
def test_stripes_working_test_cards_pay(token: str) -> None:
    assert sandbox().capture(request(token)).amount == EUR


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("pm_card_visa_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "stolen_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error"),
        ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_velocity_exceeded"),
        ("pm_card_authenticationRequired", "authentication_required"),
        ("pm_card_radarBlock", "fraudulent"),
    ],
)
def test_stripes_declining_test_cards_decline_with_their_code(token: str, code: str) -> None:
    with pytest.raises(PaymentDeclined) as declined:
        sandbox().capture(request(token))
    assert reason_of(declined).code == f"card_declined.{code}"
    assert reason_of(declined).field == "payment.token"


def test_an_unknown_token_is_not_repeated_but_answered_with_what_to_do() -> None:
    with pytest.raises(PaymentDeclined) as declined:
        sandbox().capture(request("pm_1SecretOfACustomer"))
    reason = reason_of(declined)
    assert (reason.code, reason.field) == ("unknown_payment_token", "payment.token")
    assert "use one of Stripe's test tokens, such as pm_card_visa" in reason.message
    assert "SecretOfACustomer" not in str(declined.value)


def test_every_decline_is_a_sentence_that_says_what_to_do() -> None:
    for code in {*DECLINING.values(), "a_code_of_next_year"}:
        (reason,) = card_declined(code).reasons
        assert "_" not in reason.message
        assert any(advice in reason.message for advice in ("ask the customer", "the customer can", "again later"))


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent"])
def test_what_must_not_be_told_to_the_customer_is_not_in_the_sentence(code: str) -> None:
    (reason,) = card_declined(code).reasons
    assert not any(word in reason.message for word in ("lost", "stolen", "fraud"))


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("pm_sandbox_unavailable_3", Rehearsal("unavailable", 3)),
        ("pm_sandbox_unavailable", Rehearsal("unavailable", 1)),
        ("pm_sandbox_slow_99", Rehearsal("slow", 99)),
        ("pm_sandbox_unavailable_0", None),
        ("pm_sandbox_unavailable_100", None),
        ("pm_sandbox_explode", None),
        ("pm_card_visa", None),
    ],
)
def test_rehearsal_tokens(token: str, expected: Rehearsal | None) -> None:
    assert Rehearsal.of(token) == expected


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (Money.parse("12.50", "EUR"), 1250),
        (Money.parse("500", "JPY"), 500),
        (Money.parse("5.120", "KWD"), 5120),
        (Money.parse("5", "ISK"), 500),
        (Money.parse("5", "UGX"), 500),
        (Money.parse("12.00", "MGA"), 12),
    ],
)
def test_amounts_are_sent_in_the_units_of_stripe(amount: Money, units: int) -> None:
    assert stripe_amount(amount) == units


@pytest.mark.parametrize("amount", [Money.parse("5.124", "KWD"), Money.parse("12.40", "MGA")])
def test_an_amount_that_stripe_would_round_is_declined_instead(amount: Money) -> None:
    with pytest.raises(PaymentDeclined, match=f"exactly {amount}") as declined:
        stripe_amount(amount)
    assert reason_of(declined).field == "total"


class TestRouter:
    def test_the_method_chooses_the_gateway(self) -> None:
        card, other = sandbox(), sandbox()
        router = PaymentRouter({"card": card, "on_account": other})
        payment = router.capture(request(method="card"))
        assert router.find(request(method="card")) == card.find(request()) == payment
        assert other.find(request()) is None
        assert router.void(request(method="card")) == payment
        assert router.refund(request(method="card"), payment.payment_id)

    def test_a_method_that_nobody_handles_is_declined_naming_those_that_work(self) -> None:
        router = PaymentRouter({"card": sandbox(), "on_account": sandbox()})
        with pytest.raises(PaymentDeclined, match="'bitcoin' is not offered; use card or on_account") as declined:
            router.capture(request(method="bitcoin"))
        assert reason_of(declined).field == "payment.method"
        assert router.find(request(method="bitcoin")) is None
        assert router.void(request(method="bitcoin")) is None
        with pytest.raises(Misconfigured, match="not configured any more"):
            router.refund(request(method="bitcoin"), "p-1")

    def test_an_order_of_nothing_needs_no_provider(self) -> None:
        router, nothing = PaymentRouter({}), request(amount=Money(0, "EUR"))
        assert router.capture(nothing) == router.capture(nothing)
        assert router.capture(nothing).amount == Money(0, "EUR")
        assert router.find(nothing) is None
        assert router.void(nothing) is None
        assert router.refund(nothing, "nothing-due") == "nothing-due"
