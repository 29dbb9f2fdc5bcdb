"""Stripe's API key: read from Secrets Manager when it is first needed, kept for minutes, shown to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.aws_errors import translated
from chalicelib.domain.errors import Misconfigured
from chalicelib.ports import Clock

MAX_AGE = timedelta(minutes=5)
"""A key that was rotated is used at most this long, or until Stripe refuses it."""


class StripeKey:
    """The secret is the bare key (`sk_...` or, better, a restricted `rk_...`), as text."""

    def __init__(self, client: Any, secret_name: str, clock: Clock) -> None:
        self._client = client
        self._secret_name = secret_name
        self._clock = clock
        self._value = ""
        self._read_at: datetime | None = None

    def __repr__(self) -> str:
        return f"StripeKey({self._secret_name!r})"

    def value(self) -> str:
        """Raises Misconfigured if the secret is missing or is no key, DependencyUnavailable."""
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= MAX_AGE:
            self._value, self._read_at = self._read(), now
        return self._value

    def has_changed(self) -> bool:
        """Read the secret anew, because Stripe has refused the key; whether it is another one now."""
        refused = self._value
        self._read_at = None
        return self.value() != refused

    def _read(self) -> str:
        with translated("secrets manager"):
            secret = self._client.get_secret_value(SecretId=self._secret_name)
        key = str(secret.get("SecretString", "")).strip()
        if not key.startswith(("sk_", "rk_")):
            raise Misconfigured(f"secret {self._secret_name} is no Stripe key: store the bare sk_... or rk_... in it")
        return key
