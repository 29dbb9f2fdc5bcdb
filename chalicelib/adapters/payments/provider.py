"""What the rest of the system knows of a payment provider: a description, exported by its package as `PROVIDER`.

Settings, policies, timeouts and wiring are made from descriptions and name no provider themselves; `providers.py`
lists them. Every function imports them when it starts, so a package's `__init__` imports no SDK, no requests and no
boto3: `make` does, when the first payment is due. A NamedTuple for the same reason: making a dataclass costs ten times
as much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from chalicelib.adapters.aws.grant import Grant
from chalicelib.ports import Clock, Ids, PaymentGateway
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.aws.secret import Secret
    from chalicelib.adapters.payments.ledger import ChargeLedger

CARD = "card"
"""The payment method for which a stage chooses among several providers, by ORDERBRIDGE_PAYMENT_GATEWAY."""

PAYMENT_FUNCTIONS = ("capture_payment", "refund_payment")
"""The functions whose steps charge and give back."""


class Means(Protocol):
    """What a gateway is made of. The composition root has all this, and more for whom asks for more."""

    settings: Settings
    clock: Clock
    ids: Ids

    @property
    def charges(self) -> ChargeLedger: ...

    def client(self, service: str) -> Any:
        """Of an AWS service; what the gateway calls of it must be among the provider's grants."""
        ...

    def secret(self, path: str) -> Secret:
        """The text under orderbridge/<stage>/<path>; wants the grant `read_secret(..., path)`."""
        ...


class Provider(NamedTuple):
    """A description.

    `name` stands in ORDERBRIDGE_PAYMENT_GATEWAY, in the ledger and in events: once used, it stays.
    `make(means, variables)` makes the gateway. `means`: as its parameter says, Means or more; `variables`: the values
    of those that are named here, empty where not set. Raises Misconfigured for a value that is of no use.
    `method` is the payment method that it serves; of a method other than card there can be one provider only.
    `grants`: what it does with AWS besides the tables of payments and of circuits.
    `variables`: names of environment variables that are its settings, all ORDERBRIDGE_....
    `stand_in`: the one of them that sends its calls to another address, so that it is tried where no money moves.
    `longest_call_s`, `calls`: how long one call of the provider takes at most, and how many a step makes. 0 for one
    that only uses our own tables.
    `functions`: the Lambda functions that may call it; they get its grants.
    """

    name: str
    make: Callable[[Any, Mapping[str, str]], PaymentGateway]
    method: str = CARD
    grants: tuple[Grant, ...] = ()
    variables: tuple[str, ...] = ()
    stand_in: str = ""
    longest_call_s: float = 0.0
    calls: int = 0
    functions: tuple[str, ...] = PAYMENT_FUNCTIONS

    @property
    def longest_step_s(self) -> float:
        """How long a step waits for the provider at most."""
        return self.calls * self.longest_call_s

    def gateway(self, means: Means) -> PaymentGateway:
        """Made, and told the variables that it names and no others."""
        told = {name: means.settings.variables.get(name, "") for name in self.variables}
        return self.make(means, told)
