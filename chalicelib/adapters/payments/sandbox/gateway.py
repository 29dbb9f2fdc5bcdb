"""The sandbox: a payment provider inside the system. The token decides the outcome, the ledger holds the charges.

Charges, repeats, refunds and outages behave as with a real provider, so a new installation works before there is a
contract with one. The tokens are in `tokens.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chalicelib.adapters.payments import DEPENDENCY
from chalicelib.adapters.payments.declines import card_declined, unknown_token
from chalicelib.adapters.payments.ledger import ChargeState, require_gateway
from chalicelib.adapters.payments.ledger_gateway import LedgerGateway
from chalicelib.adapters.payments.sandbox import NAME
from chalicelib.adapters.payments.sandbox.tokens import DECLINING, SUCCEEDING, Rehearsal
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable
from chalicelib.ports import Payment, PaymentRequest


@dataclass(frozen=True, slots=True)
class SandboxGateway(LedgerGateway):
    """ports.PaymentGateway."""

    NAME: ClassVar[str] = NAME

    def capture(self, request: PaymentRequest) -> Payment:
        rehearsal = Rehearsal.of(request.instruction.token)
        if rehearsal is not None:
            self._rehearse(rehearsal, request.charge_key)
        else:
            _decide(request.instruction.token)
        wanted = self._charge(request, ChargeState.CAPTURED, f"sandbox-{self.ids.token()}")
        charge = self.ledger.record(wanted)
        require_gateway(charge, NAME)
        if charge.payment_id != wanted.payment_id:
            self.ledger.count_call(request.charge_key)
        elif rehearsal is not None and rehearsal.kind == "timeout_after_capture":
            raise DependencyTimeout(DEPENDENCY, "the sandbox rehearses an answer that is lost after the charge")
        return self._paid(charge)

    def _rehearse(self, rehearsal: Rehearsal, key: str) -> None:
        """Fail as the token says; return if the payment may go on."""
        if rehearsal.kind == "slow":
            self.clock.sleep(rehearsal.count)
        elif rehearsal.kind != "timeout_after_capture" and self.ledger.count_call(key) <= rehearsal.count:
            if rehearsal.kind == "unavailable":
                raise DependencyUnavailable(DEPENDENCY, f"the sandbox rehearses {rehearsal.count} refused calls")
            raise DependencyTimeout(DEPENDENCY, f"the sandbox rehearses {rehearsal.count} calls without an answer")


def _decide(token: str) -> None:
    """Raise PaymentDeclined unless the token pays."""
    if token in DECLINING:
        raise card_declined(DECLINING[token])
    if token not in SUCCEEDING:
        raise unknown_token("this is the sandbox: use one of Stripe's test tokens, such as pm_card_visa")
