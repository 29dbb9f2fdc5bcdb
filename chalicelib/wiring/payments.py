"""How orders are paid: the gateways by payment method."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.ports import PaymentGateway
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.adapters.payments.on_account.credit import CreditLedger


class Payments(Stores):
    """The router over the card gateway of the stage (sandbox or Stripe) and the credit accounts.

    The circuit is that of the card provider: it must not stop payments on account, nor be closed by one.
    """

    @cached_property
    def payments(self) -> PaymentGateway:
        from chalicelib.adapters.fault_injection.faulty_ports import FaultyGateway
        from chalicelib.adapters.payments import DEPENDENCY
        from chalicelib.adapters.payments.guarded import GuardedGateway
        from chalicelib.adapters.payments.on_account.gateway import OnAccountGateway
        from chalicelib.adapters.payments.router import PaymentRouter

        card = self._card_gateway()
        if self.settings.fault_switches:
            card = FaultyGateway(card, self.switches)
        guarded = GuardedGateway(card, self.breaker(DEPENDENCY))
        return PaymentRouter({"card": guarded, "on_account": OnAccountGateway(self.credit, self.clock, self.ids)})

    def _card_gateway(self) -> PaymentGateway:
        from chalicelib.adapters.dynamodb.payments.charges import DynamoDbChargeLedger

        ledger = DynamoDbChargeLedger(self.client("dynamodb"), self.settings.name("payments"))
        if self.settings.payment_gateway == "sandbox":
            from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway

            return SandboxGateway(ledger, self.clock, self.ids)
        from chalicelib.adapters.payments.stripe.api import StripeApi
        from chalicelib.adapters.payments.stripe.gateway import StripeGateway
        from chalicelib.adapters.payments.stripe.key import StripeKey

        key = StripeKey(self.client("secretsmanager"), f"orderbridge/{self.settings.stage}/stripe", self.clock)
        stand_in = self.settings.stripe_api_base  # such as localstripe, which does not know off_session
        return StripeGateway(StripeApi(key, stand_in, off_session=not stand_in), ledger, self.clock)

    @cached_property
    def credit(self) -> CreditLedger:
        from chalicelib.adapters.dynamodb.payments.credit import DynamoDbCreditLedger

        return DynamoDbCreditLedger(self.client("dynamodb"), self.settings.name("payments"), self.clock, self.ids)
