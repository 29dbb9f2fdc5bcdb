"""Credit accounts in DynamoDB, table `payments`: pk ACCOUNT#<customer>, sk CREDIT#<currency>, beside the charges.

An account and the record of a charge change in one transaction. Orders of one customer that meet on his account are
tried again here, with jitter; what then still collides is Contention, which the workflow retries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from chalicelib.adapters.aws_errors import error_code, translated
from chalicelib.adapters.backoff import Backoff
from chalicelib.adapters.payments.credit import Account, exhausted
from chalicelib.adapters.payments.ledger import Charge, nothing_to_refund
from chalicelib.adapters.payments.ledger_dynamodb import (
    STORE,
    DynamoDbChargeLedger,
    Item,
    charge_from,
    item_in_the_way,
    mark_refunded,
    put_if_absent,
    refunded_before,
)
from chalicelib.domain.errors import Contention, DependencyUnavailable
from chalicelib.domain.money import Money
from chalicelib.ports import Clock, Ids

THROTTLED = frozenset({"ThrottlingError", "ProvisionedThroughputExceeded"})
"""Cancellation reasons that pass by themselves."""

Result = TypeVar("Result")


class _Collided(Exception):
    """Somebody wrote the same items at the same moment; nothing was changed."""


@dataclass(frozen=True, slots=True)
class DynamoDbCreditLedger(DynamoDbChargeLedger):
    """CreditLedger."""

    clock: Clock
    ids: Ids

    def draw(self, charge: Charge) -> Charge:
        return self._persist(lambda: self._draw(charge))

    def give_back(self, order_id: str, refund_id: str) -> Charge:
        charge = self.find(order_id)
        if charge is None:
            raise nothing_to_refund(order_id)
        return self._persist(lambda: self._give_back(charge, refund_id))

    def account(self, customer_id: str, currency: str) -> Account | None:
        with translated(STORE):
            answer = self.client.get_item(
                TableName=self.table, Key=_account_key(customer_id, currency), ConsistentRead=True
            )
        return _account(customer_id, currency, answer["Item"]) if "Item" in answer else None

    def open_account(self, customer_id: str, limit: Money) -> Account:
        return self._persist(lambda: self._open_account(customer_id, limit))

    def _draw(self, charge: Charge) -> Charge:
        record = put_if_absent(charge)
        refusals = self._transact(
            {"Put": {"TableName": self.table, **record}},
            {"Update": {**self._move(charge, -charge.amount.minor), "ConditionExpression": "available >= :needed"}},
        )
        if refusals is None:
            return charge
        taken, short = refusals
        if taken is not None:
            return charge_from(taken)
        assert short is not None
        account = _account(charge.customer_id, charge.amount.currency, short) if short else None
        raise exhausted(charge.customer_id, charge.amount, account)

    def _give_back(self, charge: Charge, refund_id: str) -> Charge:
        refusals = self._transact(
            {"Update": {"TableName": self.table, **mark_refunded(charge.order_id, refund_id)}},
            {"Update": self._move(charge, charge.amount.minor)},
        )
        if refusals is None:
            return charge.reversed(refund_id)
        return refunded_before(charge.order_id, refusals[0])

    def _move(self, charge: Charge, minor: int) -> dict[str, Any]:
        """An update that adds `minor` (or takes, below zero) to what is available; `:needed` is the amount taken."""
        values = {":minor": {"N": str(minor)}}
        if minor < 0:
            values[":needed"] = {"N": str(-minor)}
        return {
            "TableName": self.table,
            "Key": _account_key(charge.customer_id, charge.amount.currency),
            "UpdateExpression": "SET available = available + :minor",
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _open_account(self, customer_id: str, limit: Money) -> Account:
        known = self.account(customer_id, limit.currency)
        if known is None:
            condition, available = "attribute_not_exists(pk)", ":limit"
            values = {}
        else:
            condition, available = "#limit = :old", "available + :change"
            values = {":old": known.limit.minor, ":change": (limit - known.limit).minor}
        values[":limit"] = limit.minor
        with translated(STORE):
            try:
                answer = self.client.update_item(
                    TableName=self.table,
                    Key=_account_key(customer_id, limit.currency),
                    UpdateExpression=f"SET #limit = :limit, available = {available}",
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#limit": "limit"},
                    ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                    ReturnValues="ALL_NEW",
                )
            except ClientError as error:
                item_in_the_way(error)
                raise _Collided from None
        return _account(customer_id, limit.currency, answer["Attributes"])

    def _transact(self, *actions: dict[str, Any]) -> list[Item | None] | None:
        """None if all was done; otherwise per action the item that failed its condition ({} if absent), or None."""
        with translated(STORE):
            try:
                self.client.transact_write_items(TransactItems=list(actions))
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
                codes = {reason["Code"] for reason in reasons}
                if "ConditionalCheckFailed" in codes:
                    return [r.get("Item", {}) if r["Code"] == "ConditionalCheckFailed" else None for r in reasons]
                if "TransactionConflict" in codes:
                    raise _Collided from None
                if codes & THROTTLED:
                    raise DependencyUnavailable(STORE, "a transaction was throttled") from error
                raise
        return None

    def _persist(self, act: Callable[[], Result]) -> Result:
        backoff = Backoff(self.clock, self.ids, "a credit account")
        while True:
            try:
                return act()
            except (_Collided, Contention):
                backoff.wait()


def _account_key(customer_id: str, currency: str) -> Item:
    return {"pk": {"S": f"ACCOUNT#{customer_id}"}, "sk": {"S": f"CREDIT#{currency}"}}


def _account(customer_id: str, currency: str, item: Item) -> Account:
    limit, available = (Money(int(item[name]["N"]), currency) for name in ("limit", "available"))
    return Account(customer_id, limit, available)
