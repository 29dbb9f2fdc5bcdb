"""Stripe's API key, which may be rotated at any time: the old one may be refused before ours has aged."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.aws.secret import Secret
from chalicelib.domain.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class StripeKey:
    """The secret is the bare key (`sk_...` or, better, a restricted `rk_...`), as text."""

    secret: Secret

    def value(self) -> str:
        """Raises Misconfigured if the secret is missing or is no key, DependencyUnavailable."""
        key = self.secret.value()
        if not key.startswith(("sk_", "rk_")):
            raise Misconfigured(f"secret {self.secret.name} is no Stripe key: store the bare sk_... or rk_... in it")
        return key

    def has_changed(self) -> bool:
        """Read the secret anew, because Stripe has refused the key; whether it is another one now."""
        refused = self.secret.value()
        self.secret.forget()
        return self.value() != refused
