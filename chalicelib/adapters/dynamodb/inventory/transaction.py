"""One transaction that changes stock, the reservation and the order's events together, and why it was refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, error_code
from chalicelib.domain.errors import Misconfigured

DEPENDENCY = "DynamoDB (inventory)"
MAX_ACTIONS = 100

_FAILED = "ConditionalCheckFailed"
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class TransactionResult(Enum):
    """What became of it; the first refusal in this order counts."""

    APPLIED = auto()
    MOVED_ON = auto()  # somebody appended to the order
    STALE = auto()  # somebody changed the reservation
    SHORT = auto()  # not enough of some SKU
    BUSY = auto()  # another transaction was at the same items; the same one may succeed later


def transact(
    client: Any, event: dict[str, Any], reservation: dict[str, Any], stock: Sequence[dict[str, Any]], attempt: str
) -> TransactionResult:
    """All actions or none. A repeat by the SDK within the same `attempt`, because the answer was lost, changes nothing.

    Raises DependencyUnavailable, DependencyTimeout, Contention, Misconfigured.
    """
    actions = [event, reservation, *stock]
    assert len(actions) <= MAX_ACTIONS, f"{len(actions)} actions in one transaction"
    with aws_errors_translated(DEPENDENCY):
        try:
            client.transact_write_items(TransactItems=actions, ClientRequestToken=_token(attempt, actions))
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            return _refusal([str(reason.get("Code", "")) for reason in error.response["CancellationReasons"]])
    return TransactionResult.APPLIED


def _token(attempt: str, actions: list[dict[str, Any]]) -> str:
    """DynamoDB refuses a token that comes back with other parameters, so they are hashed into it."""
    return hashlib.sha256(json.dumps([attempt, actions], sort_keys=True).encode()).hexdigest()[:36]


def _refusal(codes: Sequence[str]) -> TransactionResult:
    """From the cancellation reasons, which stand in the order of the actions."""
    if codes[0] == _FAILED:
        return TransactionResult.MOVED_ON
    if codes[1] == _FAILED:
        return TransactionResult.STALE
    if _FAILED in codes:
        return TransactionResult.SHORT
    if not _PASSING.isdisjoint(codes):
        return TransactionResult.BUSY
    raise Misconfigured(f"{DEPENDENCY}: a transaction was refused: {', '.join(sorted(set(codes) - {'None', ''}))}")
