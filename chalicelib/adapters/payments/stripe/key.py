"""Stripe's API key, which may be rotated at any time: the old one may be refused before ours has aged."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.aws.secret import Secret
from chalicelib.domain.errors import Misconfigured
from chalicelib.ports import Clock


class StripeKey:
    """The secret is the bare key (`sk_...` or, better, a restricted `rk_...`), as text."""

    def __init__(self, client: Any, secret_name: str, clock: Clock) -> None:
        self._secret = Secret(client, secret_name, clock)
        self._secret_name = secret_name

    def __repr__(self) -> str:
        return f"StripeKey({self._secret_name!r})"

    def value(self) -> str:
        """Raises Misconfigured if the secret is missing or is no key, DependencyUnavailable."""
        key = self._secret.value()
        if not key.startswith(("sk_", "rk_")):
            raise Misconfigured(f"secret {self._secret_name} is no Stripe key: store the bare sk_... or rk_... in it")
        return key

    def has_changed(self) -> bool:
        """Read the secret anew, because Stripe has refused the key; whether it is another one now."""
        refused = self._secret.value()
        self._secret.forget()
        return self.value() != refused
