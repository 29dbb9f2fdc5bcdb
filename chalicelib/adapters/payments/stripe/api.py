"""The calls of Stripe's API that we use, with timeouts, idempotency keys and our errors.

Retries are off in the SDK: the workflow retries, with the outcome looked up first. `import stripe` costs about 180 ms,
so it happens at the first call and not in functions that take no payments.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from chalicelib.adapters.payments.stripe import CONNECT_TIMEOUT_S, READ_TIMEOUT_S
from chalicelib.adapters.payments.stripe.amounts import stripe_amount
from chalicelib.adapters.payments.stripe.errors import key_is_spent, stripe_error_translated
from chalicelib.adapters.payments.stripe.key import StripeKey
from chalicelib.ports import PaymentRequest

MAX_KEY_GENERATIONS = 5
"""Stripe stores an answer under its idempotency key for a day, its own failures too: then the next key is tried."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class StripeApi:
    """Intents and refunds are the SDK's objects. Raises the domain's errors only.

    `api_base` replaces https://api.stripe.com. `off_session` tells the bank that the customer is not there to approve:
    a card that wants that is declined at once, and exemptions for agreed payments apply. localstripe does not know it.
    """

    key: StripeKey
    api_base: str = ""
    off_session: bool = True
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    read_timeout_s: float = READ_TIMEOUT_S
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The SDK's client by its API key: at most one. Never shown, for the key's sake."""

    def create_intent(self, request: PaymentRequest) -> Any:
        """A payment that is not confirmed: it charges nothing, and a second one would do no harm."""
        params = {
            "amount": stripe_amount(request.amount),
            "currency": request.amount.currency.lower(),
            "payment_method": request.instruction.token,
            "payment_method_types": ["card"],
            "metadata": _metadata(request),
        }
        return self._once(
            f"{request.charge_key}-intent",
            lambda options, api: api.payment_intents.create(params, options),
            refers_to="payment_method",
        )

    def confirm(self, key: str, intent_id: str) -> Any:
        """Charge. An intent charges at most once, whatever is sent again."""
        params = {"off_session": True} if self.off_session else {}
        return self._once(
            f"{key}-capture", lambda options, api: api.payment_intents.confirm(intent_id, params, options)
        )

    def cancel(self, key: str, intent_id: str) -> Any:
        """Close an intent that has not charged: it can never charge then."""
        return self._once(f"{key}-void", lambda options, api: api.payment_intents.cancel(intent_id, {}, options))

    def intent(self, intent_id: str) -> Any:
        """The intent as it stands."""
        return self._call(lambda api: api.payment_intents.retrieve(intent_id))

    def refund(self, request: PaymentRequest, intent_id: str, number: int) -> Any:
        """Give everything back. `number` counts the tries that Stripe has ended as failed, this one included."""
        params = {"payment_intent": intent_id, "metadata": _metadata(request)}
        operation = f"{request.charge_key}-refund-{number}"
        return self._once(operation, lambda options, api: api.refunds.create(params, options))

    def refunds(self, intent_id: str) -> list[Any]:
        """All refunds of an intent, the newest first. Lists, unlike searches, see what was just written."""
        return list(self._call(lambda api: api.refunds.list({"payment_intent": intent_id, "limit": 100})).data)

    def _once(self, operation: str, call: Callable[[dict[str, str], Any], Result], refers_to: str = "") -> Result:
        """Call with an idempotency key made of charge key and operation, or its next generation if it is spent."""
        generation = 1
        while True:
            options = {"idempotency_key": f"orderbridge-{operation}-{generation}"}
            try:
                return self._send(partial(call, options))
            except self._stripe.StripeError as error:
                if not key_is_spent(error) or generation == MAX_KEY_GENERATIONS:
                    raise stripe_error_translated(error, refers_to) from None
            generation += 1

    def _call(self, call: Callable[[Any], Result]) -> Result:
        try:
            return self._send(call)
        except self._stripe.StripeError as error:
            raise stripe_error_translated(error) from None

    def _send(self, call: Callable[[Any], Result]) -> Result:
        """A key that was rotated a moment ago is refused: read it anew and try once more."""
        try:
            return call(self._connected())
        except self._stripe.AuthenticationError:
            if not self.key.has_changed():
                raise
        return call(self._connected())

    @property
    def _stripe(self) -> Any:
        import stripe

        return stripe

    def _connected(self) -> Any:
        """The SDK's client for the current key; its connections are kept alive between calls."""
        key = self.key.value()
        client = self._clients.get(key)
        if client is None:
            stripe = self._stripe
            logging.getLogger("stripe").setLevel(logging.WARNING)  # its lines of level INFO quote tokens
            client = stripe.StripeClient(
                key,
                base_addresses={"api": self.api_base} if self.api_base else None,
                max_network_retries=0,
                http_client=stripe.RequestsClient(timeout=(self.connect_timeout_s, self.read_timeout_s)),
            ).v1
            self._clients.clear()
            self._clients[key] = client
        return client


def _metadata(request: PaymentRequest) -> dict[str, str]:
    """What people find a payment by in Stripe's dashboard."""
    revision = {"revision": str(request.revision)} if request.revision > 1 else {}
    return {"order_id": request.order_id, **revision}
