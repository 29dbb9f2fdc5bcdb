"""What the gateways have in common whose ledger is the provider: it knows the outcome of every charge at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.adapters.payments.ledger import Charge, ChargeLedger, ChargeState, require_gateway, voided
from chalicelib.ports import Clock, Ids, Payment, PaymentRequest


@dataclass(frozen=True, slots=True)
class LedgerGateway:
    """ports.PaymentGateway but for capture(), which is what such gateways differ in. `NAME` is the provider's."""

    NAME: ClassVar[str]

    ledger: ChargeLedger
    clock: Clock
    ids: Ids

    def find(self, request: PaymentRequest) -> Payment | None:
        charge = self.ledger.find(request.charge_key)
        require_gateway(charge, self.NAME)
        return charge.payment() if charge else None

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        require_gateway(self.ledger.find(request.charge_key), self.NAME)
        return self._reverse(request.charge_key).refund_id

    def void(self, request: PaymentRequest) -> Payment | None:
        charge = self.ledger.record(self._charge(request, ChargeState.VOIDED))
        require_gateway(charge, self.NAME)
        return charge.payment()

    def _charge(self, request: PaymentRequest, state: ChargeState, payment_id: str = "") -> Charge:
        return Charge.of(request, self.NAME, state, self.clock.now(), payment_id)

    def _reverse(self, key: str) -> Charge:
        """Give the charge back once, under an id of ours."""
        return self.ledger.reverse(key, f"refund-{self.ids.token()}")

    def _paid(self, charge: Charge) -> Payment:
        """The payment of a charge that capture() has found or made. Raises PaymentDeclined if it was voided."""
        require_gateway(charge, self.NAME)
        payment = charge.payment()
        if payment is None:
            raise voided()
        return payment
