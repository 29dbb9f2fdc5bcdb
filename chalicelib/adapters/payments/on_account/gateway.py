"""Payment on account: the customer's credit limit pays, the invoice follows from the ERP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.adapters.payments.ledger import Charge, ChargeState
from chalicelib.adapters.payments.ledger_gateway import LedgerGateway
from chalicelib.adapters.payments.on_account import NAME
from chalicelib.adapters.payments.on_account.credit import CreditLedger
from chalicelib.ports import Payment, PaymentRequest


@dataclass(frozen=True, slots=True)
class OnAccountGateway(LedgerGateway):
    """ports.PaymentGateway. The accounts themselves are kept by the ledger: `open_account`, `account`."""

    NAME: ClassVar[str] = NAME

    ledger: CreditLedger

    def capture(self, request: PaymentRequest) -> Payment:
        """Raises PaymentDeclined without an account or with too little left on it, Contention."""
        wanted = self._charge(request, ChargeState.CAPTURED, f"account-{self.ids.token()}")
        return self._paid(self.ledger.draw(wanted))

    def _reverse(self, key: str) -> Charge:
        return self.ledger.give_back(key, f"credit-{self.ids.token()}")
