"""Transactions over credit accounts: tried again while others are at the same items, and refused with what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, error_code
from chalicelib.adapters.dynamodb.payments.charges import STORE, Item
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.errors import Contention, DependencyUnavailable
from chalicelib.ports import Clock, Ids

THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
"""Cancellation reasons that pass by themselves."""

Result = TypeVar("Result")


class Collided(Exception):
    """Somebody wrote the same items at the same moment; nothing was changed."""


def persist(clock: Clock, ids: Ids, act: Callable[[], Result]) -> Result:
    """Act, again after a short wait when it collides. Raises Contention when that does not help."""
    backoff = Backoff(clock, ids, "a credit account")
    while True:
        try:
            return act()
        except (Collided, Contention):
            backoff.wait()


def transact(client: Any, *actions: dict[str, Any]) -> list[Item | None] | None:
    """None if all was done; otherwise per action the item that failed its condition ({} if absent), or None.

    Raises Collided, DependencyUnavailable, DependencyTimeout, Misconfigured.
    """
    with aws_errors_translated(STORE):
        try:
            client.transact_write_items(TransactItems=list(actions))
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
            codes = {reason["Code"] for reason in reasons}
            if "ConditionalCheckFailed" in codes:
                return [r.get("Item", {}) if r["Code"] == "ConditionalCheckFailed" else None for r in reasons]
            if "TransactionConflict" in codes:
                raise Collided from None
            if codes & THROTTLED:
                raise DependencyUnavailable(STORE, "a transaction was throttled") from error
            raise
    return None
