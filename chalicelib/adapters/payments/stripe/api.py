"""The calls of Stripe's API that we use, with timeouts, idempotency keys and our errors.

Retries are off in the SDK: the workflow retries, with the outcome looked up first. `import stripe` costs about 180 ms,
so it happens at the first call and not in functions that take no payments.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from chalicelib.adapters.payments.stripe.amounts import stripe_amount
from chalicelib.adapters.payments.stripe.errors import key_is_spent, stripe_error_translated
from chalicelib.adapters.payments.stripe.key import StripeKey
from chalicelib.ports import PaymentRequest

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 10.0
LONGEST_CALL_S = CONNECT_TIMEOUT_S + READ_TIMEOUT_S
"""Of one call, if the answer does not trickle. A capture makes two, three after a collision."""

MAX_KEY_GENERATIONS = 5
"""Stripe stores an answer under its idempotency key for a day, its own failures too: then the next key is tried."""

Result = TypeVar("Result")


class StripeApi:
    """Intents and refunds are the SDK's objects. Raises the domain's errors only."""

    def __init__(
        self,
        key: StripeKey,
        api_base: str = "",
        off_session: bool = True,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        """`api_base` replaces https://api.stripe.com.

        `off_session` tells the bank that the customer is not there to approve: a card that wants that is declined at
        once, and exemptions for agreed payments apply. localstripe does not know the parameter.
        """
        self._key = key
        self._api_base = api_base
        self._off_session = off_session
        self._timeouts_s = (connect_timeout_s, read_timeout_s)
        self._client: Any = None
        self._client_key = ""

    def create_intent(self, request: PaymentRequest) -> Any:
        """A payment that is not confirmed: it charges nothing, and a second one would do no harm."""
        params = {
            "amount": stripe_amount(request.amount),
            "currency": request.amount.currency.lower(),
            "payment_method": request.instruction.token,
            "payment_method_types": ["card"],
            "metadata": {"order_id": request.order_id},
        }
        return self._once(
            f"{request.order_id}-intent",
            lambda options, api: api.payment_intents.create(params, options),
            refers_to="payment_method",
        )

    def confirm(self, order_id: str, intent_id: str) -> Any:
        """Charge. An intent charges at most once, whatever is sent again."""
        params = {"off_session": True} if self._off_session else {}
        return self._once(
            f"{order_id}-capture", lambda options, api: api.payment_intents.confirm(intent_id, params, options)
        )

    def cancel(self, order_id: str, intent_id: str) -> Any:
        """Close an intent that has not charged: it can never charge then."""
        return self._once(f"{order_id}-void", lambda options, api: api.payment_intents.cancel(intent_id, {}, options))

    def intent(self, intent_id: str) -> Any:
        """The intent as it stands."""
        return self._call(lambda api: api.payment_intents.retrieve(intent_id))

    def refund(self, order_id: str, intent_id: str, number: int) -> Any:
        """Give everything back. `number` counts the tries that Stripe has ended as failed, this one included."""
        params = {"payment_intent": intent_id, "metadata": {"order_id": order_id}}
        return self._once(f"{order_id}-refund-{number}", lambda options, api: api.refunds.create(params, options))

    def refunds(self, intent_id: str) -> list[Any]:
        """All refunds of an intent, the newest first. Lists, unlike searches, see what was just written."""
        return list(self._call(lambda api: api.refunds.list({"payment_intent": intent_id, "limit": 100})).data)

    def _once(self, operation: str, call: Callable[[dict[str, str], Any], Result], refers_to: str = "") -> Result:
        """Call with an idempotency key made of order and operation, or its next generation if that key is spent."""
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
            if not self._key.has_changed():
                raise
        return call(self._connected())

    @property
    def _stripe(self) -> Any:
        import stripe

        return stripe

    def _connected(self) -> Any:
        """The SDK's client for the current key; its connections are kept alive between calls."""
        key = self._key.value()
        if self._client is None or key != self._client_key:
            stripe = self._stripe
            logging.getLogger("stripe").setLevel(logging.WARNING)  # its lines of level INFO quote tokens
            client = stripe.StripeClient(
                key,
                base_addresses={"api": self._api_base} if self._api_base else None,
                max_network_retries=0,
                http_client=stripe.RequestsClient(timeout=self._timeouts_s),
            )
            self._client, self._client_key = client.v1, key
        return self._client
