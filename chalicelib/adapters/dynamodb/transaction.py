"""Several writes as one, and what it means everywhere in here that DynamoDB is too busy.

**Throttling has one meaning: nothing happened, and the same request may succeed in a moment.** Who tries again, and
what is raised in the end, follows from who can:

- A read or a write of one item, and a transaction as a whole, is repeated by the SDK. What is still throttled then is
  DependencyUnavailable: the caller's caller (workflow, queue, schedule) waits longer than this process should.
- A transaction that was cancelled because one of its items is throttled is not repeated by the SDK; nor is one that met
  another transaction at the same items. Both are Contention at once, whatever the reason, so that a caller that has
  time left repeats it with `when_contended`, and one that has not leaves it to its own caller.
- Keys that a batch leaves unprocessed are asked for again in the same way (batch_get.py).

A condition that failed is an answer, and counts before throttling: waiting would not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, error_code
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.errors import Contention, Misconfigured

MAX_ACTIONS = 100
"""Of one transaction."""

CONDITION_FAILED = "ConditionalCheckFailed"
PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Cancellation reasons that pass by themselves."""

Item = dict[str, Any]
Result = TypeVar("Result")


def transact(dependency: str, client: Any, actions: Sequence[dict[str, Any]], token: str = "") -> list[Item | None]:
    """All actions or none; [] if all were carried out.

    Otherwise one entry an action: None if its condition held, or else the item that failed it; {} if there is none, or
    if the action did not ask for it (`ReturnValuesOnConditionCheckFailure`).

    `token`: within ten minutes a repeat with the same token and actions changes nothing and is answered as the first.
    Without one the SDK makes one up, which covers its own repeats.

    Raises Contention, DependencyUnavailable, DependencyTimeout, Misconfigured.
    """
    assert len(actions) <= MAX_ACTIONS, f"{len(actions)} actions in one transaction"
    repeatable = {"ClientRequestToken": token} if token else {}
    with aws_errors_translated(dependency):
        try:
            client.transact_write_items(TransactItems=list(actions), **repeatable)
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            return _refusals(dependency, error.response.get("CancellationReasons", []))
    return []


def when_contended(backoff: Backoff, act: Callable[[], Result]) -> Result:
    """Act, again after a short wait whenever that meets Contention. Raises Contention when no wait is left."""
    while True:
        try:
            return act()
        except Contention:
            backoff.wait()


def _refusals(dependency: str, reasons: Sequence[dict[str, Any]]) -> list[Item | None]:
    codes = [str(reason.get("Code", "")) for reason in reasons]
    if CONDITION_FAILED in codes:
        return [
            reason.get("Item") or {} if code == CONDITION_FAILED else None
            for code, reason in zip(codes, reasons, strict=True)
        ]
    why = ", ".join(sorted(set(codes) - {"None", ""})) or "no reason given"
    if not PASSING.isdisjoint(codes):
        raise Contention(f"{dependency}: a transaction was cancelled: {why}")
    raise Misconfigured(f"{dependency}: a transaction was refused: {why}")
