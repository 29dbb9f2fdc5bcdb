"""One transaction that changes stock, the reservation and the order's events together, and why it was refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from chalicelib.adapters.dynamodb.transaction import transact
from chalicelib.domain.errors import Contention

DEPENDENCY = "DynamoDB (inventory)"


class TransactionResult(Enum):
    """What became of it; the first refusal in this order counts."""

    APPLIED = auto()
    MOVED_ON = auto()  # somebody appended to the order
    STALE = auto()  # somebody changed the reservation
    SHORT = auto()  # not enough of some SKU
    BUSY = auto()  # contended; the same transaction may succeed later


def change_stock(
    client: Any, event: dict[str, Any], reservation: dict[str, Any], stock: Sequence[dict[str, Any]], attempt: str
) -> TransactionResult:
    """All actions or none. A repeat by the SDK within the same `attempt`, because the answer was lost, changes nothing.

    Raises DependencyUnavailable, DependencyTimeout, Misconfigured.
    """
    actions = [event, reservation, *stock]
    try:
        refusals = transact(DEPENDENCY, client, actions, _token(attempt, actions))
    except Contention:
        return TransactionResult.BUSY
    if not refusals:
        return TransactionResult.APPLIED
    if refusals[0] is not None:
        return TransactionResult.MOVED_ON
    return TransactionResult.STALE if refusals[1] is not None else TransactionResult.SHORT


def _token(attempt: str, actions: list[dict[str, Any]]) -> str:
    """DynamoDB refuses a token that comes back with other parameters, so they are hashed into it."""
    return hashlib.sha256(json.dumps([attempt, actions], sort_keys=True).encode()).hexdigest()[:36]
