"""Card payments through Stripe: one PaymentIntent per order and revision, created first, remembered, then confirmed.

Why in two calls: what to do when no answer comes? An idempotency key alone protects for 24 hours, and with one call
nothing is known of a charge whose answer was lost but what a search finds, which Stripe does not recommend right after
a write (https://docs.stripe.com/search#data-freshness). An intent whose id is in our ledger before it is confirmed is
looked up by id: consistent at once, for ever. And an intent charges at most once, whoever confirms it how often
(https://docs.stripe.com/payments/payment-intents). The price is one more round trip per order.
The keys protect what is left: two intents for one order, two refunds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.payments import DEPENDENCY
from chalicelib.adapters.payments.declines import card_declined, decline_code
from chalicelib.adapters.payments.ledger import (
    Charge,
    ChargeLedger,
    ChargeState,
    nothing_to_refund,
    require_gateway,
    voided,
)
from chalicelib.adapters.payments.stripe import NAME
from chalicelib.adapters.payments.stripe.api import StripeApi
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured, PaymentDeclined
from chalicelib.ports import Clock, Payment, PaymentRequest


@dataclass(frozen=True, slots=True)
class StripeGateway:
    """ports.PaymentGateway. Payment ids are those of PaymentIntents (pi_...)."""

    api: StripeApi
    ledger: ChargeLedger
    clock: Clock

    def capture(self, request: PaymentRequest) -> Payment:
        charge, intent = self._intent(request)
        if intent.status == "requires_confirmation":
            intent = self._confirmed(request.charge_key, charge.payment_id)
        payment = _payment(charge, intent)
        if payment is None:
            raise _refusal(intent)
        return payment

    def find(self, request: PaymentRequest) -> Payment | None:
        charge = self._charge(request)
        if charge is None or charge.is_voided:
            return None
        return _payment(charge, self.api.intent(charge.payment_id))

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        """Looks for a refund first: the answer to an earlier try may have been lost."""
        charge = self._charge(request)
        if charge is None or charge.is_voided:
            raise nothing_to_refund(request.charge_key)
        if charge.refund_id:
            return charge.refund_id
        made = self.api.refunds(payment_id)
        failed = [refund for refund in made if refund.status in ("failed", "canceled")]
        standing = [refund for refund in made if refund not in failed]
        refund = standing[0] if standing else self.api.refund(request, payment_id, len(failed) + 1)
        if refund.status in ("failed", "canceled"):
            raise DependencyUnavailable(DEPENDENCY, "stripe could not give the money back to the card")
        return self.ledger.reverse(request.charge_key, str(refund.id)).refund_id

    def void(self, request: PaymentRequest) -> Payment | None:
        fence = Charge.of(request, NAME, ChargeState.VOIDED, self.clock.now())
        charge = self.ledger.record(fence)
        require_gateway(charge, NAME)
        if charge.is_voided:
            return None
        payment = _payment(charge, intent := self.api.intent(charge.payment_id))
        if payment is not None or intent.status == "canceled":
            return payment
        try:
            self.api.cancel(request.charge_key, charge.payment_id)
        except Misconfigured:  # Stripe refuses to cancel what was charged meanwhile
            payment = self.find(request)
            if payment is None:
                raise
        return payment

    def _charge(self, request: PaymentRequest) -> Charge | None:
        charge = self.ledger.find(request.charge_key)
        require_gateway(charge, NAME)
        return charge

    def _intent(self, request: PaymentRequest) -> tuple[Charge, Any]:
        """The order's one intent, made if there is none yet. Raises PaymentDeclined if the order was voided."""
        charge = self._charge(request)
        if charge is None:
            created = self.api.create_intent(request)
            opened = Charge.of(request, NAME, ChargeState.OPEN, self.clock.now(), payment_id=created.id)
            charge = self.ledger.record(opened)
            require_gateway(charge, NAME)
            if charge.payment_id == created.id:
                return charge, created
        if charge.is_voided:
            raise voided()
        return charge, self.api.intent(charge.payment_id)

    def _confirmed(self, key: str, intent_id: str) -> Any:
        try:
            return self.api.confirm(key, intent_id)
        except Misconfigured:  # Stripe refuses to confirm what was confirmed or cancelled meanwhile
            intent = self.api.intent(intent_id)
            if intent.status == "requires_confirmation":
                raise
            return intent


def _payment(charge: Charge, intent: Any) -> Payment | None:
    """The payment if the intent has charged. Raises DependencyTimeout while Stripe itself does not know."""
    if intent.status in ("processing", "requires_capture"):
        raise DependencyTimeout(DEPENDENCY, "stripe is still waiting for the bank")
    if intent.status != "succeeded":
        return None
    return Payment(charge.payment_id, charge.amount, NAME, charge.refund_id)


def _refusal(intent: Any) -> PaymentDeclined:
    """Why an intent has not charged; the same whenever it is asked."""
    if intent.status == "canceled":
        return voided()
    if intent.status == "requires_action":  # nobody can approve it: the client secret never leaves this process
        return card_declined("authentication_required")
    error = intent.last_payment_error
    return card_declined(decline_code(getattr(error, "code", None), getattr(error, "decline_code", None)))
