"""A text in Secrets Manager: read when first needed, kept for minutes, shown to nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.ports import Clock

MAX_AGE = timedelta(minutes=5)
"""A secret that was rotated is used at most this long."""


class Secret:
    """`value()` raises Misconfigured if the secret is missing, DependencyUnavailable."""

    def __init__(self, client: Any, name: str, clock: Clock) -> None:
        self._client = client
        self.name = name
        self._clock = clock
        self._value = ""
        self._read_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    def value(self) -> str:
        now = self._clock.now()
        if self._read_at is None or now - self._read_at >= MAX_AGE:
            with aws_errors_translated("secrets manager"):
                answer = self._client.get_secret_value(SecretId=self.name)
            self._value, self._read_at = str(answer.get("SecretString", "")).strip(), now
        return self._value

    def forget(self) -> None:
        """Read it anew next time: somebody has refused it."""
        self._read_at = None
