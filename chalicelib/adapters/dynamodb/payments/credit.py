"""Credit accounts in DynamoDB, table `payments`, beside the charges: pk ACCOUNT#<customer>, sk CREDIT#<currency>, and
sk SETTLED#<reference> for every payment that came in.

An account and the record of a charge change in one transaction. Orders of one customer that meet on his account are
tried again here, with jitter; what then still collides is Contention, which the workflow retries.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.payments.charges import (
    STORE,
    DynamoDbChargeLedger,
    Item,
    charge_from,
    mark_refunded,
    put_if_absent,
    refunded_before,
)
from chalicelib.adapters.dynamodb.transaction import transact, when_contended
from chalicelib.adapters.payments.ledger import Charge, nothing_to_refund
from chalicelib.adapters.payments.on_account.credit import Account, exhausted, no_account
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.errors import Contention
from chalicelib.domain.money import Money
from chalicelib.domain.timestamps import format_utc
from chalicelib.ports import Clock, Ids

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class DynamoDbCreditLedger(DynamoDbChargeLedger):
    """CreditLedger."""

    clock: Clock
    ids: Ids

    def draw(self, charge: Charge) -> Charge:
        return self._when_contended(lambda: self._draw(charge))

    def give_back(self, key: str, refund_id: str) -> Charge:
        charge = self.find(key)
        if charge is None:
            raise nothing_to_refund(key)
        return self._when_contended(lambda: self._give_back(charge, refund_id))

    def account(self, customer_id: str, currency: str) -> Account | None:
        with aws_errors_translated(STORE):
            answer = self.client.get_item(
                TableName=self.table, Key=_account_key(customer_id, currency), ConsistentRead=True
            )
        return _account(customer_id, currency, answer["Item"]) if "Item" in answer else None

    def open_account(self, customer_id: str, limit: Money) -> Account:
        return self._when_contended(lambda: self._open_account(customer_id, limit))

    def settle(self, customer_id: str, amount: Money, reference: str) -> Account:
        if self.account(customer_id, amount.currency) is None:
            raise no_account(customer_id, amount)
        self._when_contended(lambda: self._settle(customer_id, amount, reference))
        account = self.account(customer_id, amount.currency)
        assert account is not None, "accounts are never removed"
        return account

    def _draw(self, charge: Charge) -> Charge:
        take = self._add(charge.customer_id, Money(-charge.amount.minor, charge.amount.currency))
        take["ConditionExpression"] = "available >= :needed"
        take["ExpressionAttributeValues"][":needed"] = {"N": str(charge.amount.minor)}
        put = {"Put": {"TableName": self.table, **put_if_absent(charge)}}
        refusals = transact(STORE, self.client, [put, {"Update": take}])
        if not refusals:
            return charge
        taken, short = refusals
        if taken is not None:
            return charge_from(taken)
        assert short is not None
        account = _account(charge.customer_id, charge.amount.currency, short) if short else None
        raise exhausted(charge.customer_id, charge.amount, account)

    def _give_back(self, charge: Charge, refund_id: str) -> Charge:
        mark = {"TableName": self.table, **mark_refunded(charge.key, refund_id)}
        add = self._add(charge.customer_id, charge.amount)
        refusals = transact(STORE, self.client, [{"Update": mark}, {"Update": add}])
        return refunded_before(charge.key, refusals[0]) if refusals else charge.reversed(refund_id)

    def _settle(self, customer_id: str, amount: Money, reference: str) -> None:
        """A reference that was settled before fails its condition: then there is nothing left to do."""
        settled = {
            "pk": {"S": f"ACCOUNT#{customer_id}"},
            "sk": {"S": f"SETTLED#{reference}"},
            "minor": {"N": str(amount.minor)},
            "currency": {"S": amount.currency},
            "at": {"S": format_utc(self.clock.now())},
        }
        once = {"TableName": self.table, "Item": settled, "ConditionExpression": "attribute_not_exists(pk)"}
        transact(STORE, self.client, [{"Put": once}, {"Update": self._add(customer_id, amount)}])

    def _add(self, customer_id: str, amount: Money) -> dict[str, Any]:
        """The arguments of an update that adds to what is available, or takes if the amount is below zero."""
        return {
            "TableName": self.table,
            "Key": _account_key(customer_id, amount.currency),
            "UpdateExpression": "SET available = available + :amount",
            "ExpressionAttributeValues": {":amount": {"N": str(amount.minor)}},
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
        written = write_if(
            STORE,
            self.client.update_item,
            TableName=self.table,
            Key=_account_key(customer_id, limit.currency),
            UpdateExpression=f"SET #limit = :limit, available = {available}",
            ConditionExpression=condition,
            ExpressionAttributeNames={"#limit": "limit"},
            ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
            ReturnValues="ALL_NEW",
        )
        if not written.done:
            raise Contention(f"the credit limit of customer {customer_id} was changed by somebody else")
        return _account(customer_id, limit.currency, written.item)

    def _when_contended(self, act: Callable[[], Result]) -> Result:
        return when_contended(Backoff(self.clock, self.ids, "a credit account"), act)


def _account_key(customer_id: str, currency: str) -> Item:
    return {"pk": {"S": f"ACCOUNT#{customer_id}"}, "sk": {"S": f"CREDIT#{currency}"}}


def _account(customer_id: str, currency: str, item: Item) -> Account:
    limit, available = (Money(int(item[name]["N"]), currency) for name in ("limit", "available"))
    return Account(customer_id, limit, available)
