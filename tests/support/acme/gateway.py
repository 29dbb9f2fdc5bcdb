"""Card payments through Acme, which charges once per reference by itself: it needs no ledger of ours."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.payments.declines import card_declined
from chalicelib.adapters.payments.ledger import nothing_to_refund, voided
from chalicelib.domain.money import Money
from chalicelib.ports import Payment, PaymentRequest
from tests.support.acme.sdk import AcmeCharge, AcmeClient


@dataclass(frozen=True, slots=True)
class AcmeGateway:
    """ports.PaymentGateway."""

    client: AcmeClient

    def capture(self, request: PaymentRequest) -> Payment:
        amount = request.amount
        charge = self.client.pay(request.charge_key, amount.minor, amount.currency, request.instruction.token)
        if charge.state == "refused":
            raise card_declined("insufficient_funds")
        if charge.state == "closed":
            raise voided()
        return _payment(charge)

    def find(self, request: PaymentRequest) -> Payment | None:
        return _found(self.client.look_up(request.charge_key))

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        payment = _found(self.client.give_back(request.charge_key))
        if payment is None:
            raise nothing_to_refund(request.charge_key)
        return payment.refund_id

    def void(self, request: PaymentRequest) -> Payment | None:
        return _found(self.client.close(request.charge_key))


def _found(charge: AcmeCharge | None) -> Payment | None:
    return _payment(charge) if charge is not None and charge.state in ("paid", "returned") else None


def _payment(charge: AcmeCharge) -> Payment:
    refund_id = f"return-{charge.reference}" if charge.state == "returned" else ""
    return Payment(f"acme-{charge.reference}", Money(charge.minor, charge.currency), "acme", refund_id)
