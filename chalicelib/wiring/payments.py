"""How orders are paid: the gateways by payment method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws.clients import client
from chalicelib.adapters.payments.provider import CARD, Provider
from chalicelib.adapters.payments.providers import PROVIDERS, card_provider
from chalicelib.ports import Clock, Ids, PaymentGateway
from chalicelib.settings import Settings
from chalicelib.wiring.stores import Stores

if TYPE_CHECKING:
    from chalicelib.adapters.aws.secret import Secret
    from chalicelib.adapters.payments.ledger import ChargeLedger
    from chalicelib.adapters.payments.on_account.credit import CreditLedger


class Payments(Stores):
    """The router over the card provider that the stage has chosen, and the one provider of every other method.

    The circuit is that of the card provider: it must not stop payments on account, nor be closed by one. A choice that
    does not exist is refused here, when the process starts, so that every function says so and none takes orders.
    """

    def __init__(
        self,
        settings: Settings,
        make_client: Callable[[str, str, int], Any] = client,
        clock: Clock | None = None,
        ids: Ids | None = None,
        providers: Sequence[Provider] = PROVIDERS,
    ) -> None:
        """Raises Misconfigured."""
        super().__init__(settings, make_client, clock, ids)
        self._card = card_provider(settings.payment_gateway, providers)
        self._others = [provider for provider in providers if provider.method != CARD]

    @cached_property
    def payments(self) -> PaymentGateway:
        from chalicelib.adapters.fault_injection.faulty_ports import FaultyGateway
        from chalicelib.adapters.payments import DEPENDENCY
        from chalicelib.adapters.payments.guarded import GuardedGateway
        from chalicelib.adapters.payments.router import PaymentRouter

        card = self._card.gateway(self)
        if self.settings.fault_switches:
            card = FaultyGateway(card, self.switches)
        guarded = GuardedGateway(card, self.breaker(DEPENDENCY))
        return PaymentRouter({CARD: guarded, **{other.method: other.gateway(self) for other in self._others}})

    def secret(self, path: str) -> Secret:
        """A text under orderbridge/<stage>/ in Secrets Manager; read when it is needed."""
        from chalicelib.adapters.aws.secret import Secret

        return Secret(self.client("secretsmanager"), self.settings.secret(path), self.clock)

    @cached_property
    def charges(self) -> ChargeLedger:
        from chalicelib.adapters.dynamodb.payments.charges import DynamoDbChargeLedger

        return DynamoDbChargeLedger(self.client("dynamodb"), self.settings.name("payments"))

    @cached_property
    def credit(self) -> CreditLedger:
        from chalicelib.adapters.dynamodb.payments.credit import DynamoDbCreditLedger

        return DynamoDbCreditLedger(self.client("dynamodb"), self.settings.name("payments"), self.clock, self.ids)
