"""Payment on account: the customer's credit limit pays, the invoice follows from the ERP."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.payments.ledger import Charge, ChargeState, require_gateway, voided
from chalicelib.adapters.payments.on_account.credit import CreditLedger
from chalicelib.ports import Clock, Ids, Payment, PaymentRequest

GATEWAY = "on_account"


@dataclass(frozen=True, slots=True)
class OnAccountGateway:
    """ports.PaymentGateway. The accounts themselves are kept by the ledger: `open_account`, `account`."""

    ledger: CreditLedger
    clock: Clock
    ids: Ids

    def capture(self, request: PaymentRequest) -> Payment:
        """Raises PaymentDeclined without an account or with too little left on it, Contention."""
        wanted = Charge.of(request, GATEWAY, ChargeState.CAPTURED, self.clock.now(), f"account-{self.ids.token()}")
        charge = self.ledger.draw(wanted)
        require_gateway(charge, GATEWAY)
        payment = charge.payment()
        if payment is None:
            raise voided()
        return payment

    def find(self, request: PaymentRequest) -> Payment | None:
        charge = self.ledger.find(request.order_id)
        require_gateway(charge, GATEWAY)
        return charge.payment() if charge else None

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        require_gateway(self.ledger.find(request.order_id), GATEWAY)
        return self.ledger.give_back(request.order_id, f"credit-{self.ids.token()}").refund_id

    def void(self, request: PaymentRequest) -> Payment | None:
        charge = self.ledger.record(Charge.of(request, GATEWAY, ChargeState.VOIDED, self.clock.now()))
        require_gateway(charge, GATEWAY)
        return charge.payment()
