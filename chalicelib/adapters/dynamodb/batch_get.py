"""Reading many items by key: in batches of a hundred, until DynamoDB has answered for every key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.resilience.backoff import Backoff

MAX_KEYS = 100
"""Of one BatchGetItem; it may answer for fewer (16 MB, throttling) and names the others."""


def batch_get(client: Any, table: str, keys: Sequence[dict[str, Any]], backoff: Backoff) -> Iterator[dict[str, Any]]:
    """The items that exist, in no order, strongly consistent. Raises Contention, DependencyUnavailable."""
    for start in range(0, len(keys), MAX_KEYS):
        request: dict[str, Any] = {table: {"Keys": keys[start : start + MAX_KEYS], "ConsistentRead": True}}
        while request:
            with aws_errors_translated(f"DynamoDB ({table})"):
                answer = client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(table, [])
            request = answer.get("UnprocessedKeys") or {}
            if request:
                backoff.wait()
