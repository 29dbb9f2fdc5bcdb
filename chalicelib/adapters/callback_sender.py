"""A callback with the source's own secret.

The secret `orderbridge/<stage>/callback/<name>` holds one signing secret per line, the newest first; for a rotation it
holds two until the ERP has learned the new one.
"""

from __future__ import annotations

from typing import Any

from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.adapters.aws.secret import Secret
from chalicelib.adapters.http_callback import CallbackTarget, HttpCallback
from chalicelib.ports import Clock


class CallbackSender:
    """acknowledgements.callback.Callback. Secrets are kept for some minutes."""

    def __init__(self, secrets: Any, stage: str, http: HttpCallback, clock: Clock) -> None:
        self._secrets = secrets
        self._stage = stage
        self._http = http
        self._clock = clock
        self._secret_of: dict[str, Secret] = {}

    def __call__(self, subscription: Subscription, message_id: str, body: bytes) -> int:
        source = subscription.source
        secret = self._secret_of.setdefault(source, Secret(self._secrets, self.secret_name(source), self._clock))
        return self._http.send(
            CallbackTarget(source, subscription.url, tuple(secret.value().split())), message_id, body
        )

    def secret_name(self, source: str) -> str:
        return f"orderbridge/{self._stage}/callback/{source}"
