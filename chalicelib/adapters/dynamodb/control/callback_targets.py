"""Where each ERP wants its answers: addresses in the table `control`, secrets in Secrets Manager.

    pk SOURCE#<name> · sk CALLBACK · url

The secret `orderbridge/<stage>/callback/<name>` holds one signing secret per line, the newest first; for a rotation it
holds two until the ERP has learned the new one.
"""

from __future__ import annotations

from typing import Any

from cachetools import TTLCache

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.aws.secret import Secret
from chalicelib.adapters.http_callback import CallbackTarget, HttpCallback
from chalicelib.domain.errors import Misconfigured
from chalicelib.ports import Clock

CACHE_S = 60
"""A changed address is used after at most this long."""

MAX_SOURCES = 1000


class DynamoDbCallbacks:
    """acknowledgements.callback.Callback, and whether a source wants callbacks at all."""

    def __init__(self, dynamodb: Any, table: str, secrets: Any, stage: str, http: HttpCallback, clock: Clock) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._secrets = secrets
        self._stage = stage
        self._http = http
        self._clock = clock
        timer = lambda: clock.now().timestamp()  # noqa: E731
        self._urls: TTLCache[str, str] = TTLCache(MAX_SOURCES, CACHE_S, timer=timer)
        self._secret_of: dict[str, Secret] = {}

    def wanted(self, source: str) -> bool:
        """Raises DependencyUnavailable."""
        return bool(self.url(source))

    def __call__(self, source: str, message_id: str, body: bytes) -> None:
        url = self.url(source)
        if not url:
            raise Misconfigured(f"source {source} has no callback address: set one with python -m chalicelib callbacks")
        secret = self._secret_of.setdefault(source, Secret(self._secrets, self.secret_name(source), self._clock))
        self._http.send(CallbackTarget(source, url, tuple(secret.value().split())), message_id, body)

    def set_url(self, source: str, url: str) -> None:
        """An empty `url` ends the callbacks."""
        item = {**_key(source), "url": {"S": url}}
        with aws_errors_translated("DynamoDB"):
            self._dynamodb.put_item(TableName=self._table, Item=item)
        self._urls.pop(source, None)

    def secret_name(self, source: str) -> str:
        return f"orderbridge/{self._stage}/callback/{source}"

    def url(self, source: str) -> str:
        """Empty if the source wants no callbacks. Raises DependencyUnavailable."""
        if source not in self._urls:
            with aws_errors_translated("DynamoDB"):
                answer = self._dynamodb.get_item(TableName=self._table, Key=_key(source))
            self._urls[source] = str(answer.get("Item", {}).get("url", {}).get("S", ""))
        return self._urls[source]


def _key(source: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"SOURCE#{source}"}, "sk": {"S": "CALLBACK"}}
