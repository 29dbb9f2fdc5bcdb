"""The ledger in DynamoDB, table `payments`: pk ORDER#<charge key>, sk CHARGE (the record) and sk CALLS (a counter)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.payments.ledger import Charge, ChargeState, nothing_to_refund
from chalicelib.domain.money import Money
from chalicelib.domain.timestamps import format_utc, parse_utc

STORE = "DynamoDB"
"""The name of this dependency in errors; not DEPENDENCY: a table that is down is not a provider that is down."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DynamoDbChargeLedger:
    """ChargeLedger. A write whose answer was lost is recognised: the repeat finds the record and returns it."""

    client: Any
    table: str

    def find(self, key: str) -> Charge | None:
        with aws_errors_translated(STORE):
            answer = self.client.get_item(TableName=self.table, Key=charge_item_key(key), ConsistentRead=True)
        return charge_from(answer["Item"]) if "Item" in answer else None

    def record(self, charge: Charge) -> Charge:
        written = write_if(STORE, self.client.put_item, TableName=self.table, **put_if_absent(charge))
        return charge if written.done else charge_from(written.item)

    def count_call(self, key: str) -> int:
        with aws_errors_translated(STORE):
            answer = self.client.update_item(
                TableName=self.table,
                Key=_key(key, "CALLS"),
                UpdateExpression="ADD calls :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
        return int(answer["Attributes"]["calls"]["N"])

    def reverse(self, key: str, refund_id: str) -> Charge:
        update = mark_refunded(key, refund_id)
        written = write_if(STORE, self.client.update_item, TableName=self.table, ReturnValues="ALL_NEW", **update)
        return charge_from(written.item) if written.done else refunded_before(key, written.item)


def put_if_absent(charge: Charge) -> dict[str, Any]:
    """The arguments of a put that the first call for a key wins."""
    return {
        "Item": item_of(charge),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def mark_refunded(key: str, refund_id: str) -> dict[str, Any]:
    """The arguments of an update that the first refund of a charge wins."""
    return {
        "Key": charge_item_key(key),
        "UpdateExpression": "SET #state = :refunded, refund_id = :refund",
        "ConditionExpression": "#state IN (:open, :captured)",
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {
            ":refunded": {"S": ChargeState.REFUNDED},
            ":open": {"S": ChargeState.OPEN},
            ":captured": {"S": ChargeState.CAPTURED},
            ":refund": {"S": refund_id},
        },
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def refunded_before(key: str, item: Mapping[str, Any] | None) -> Charge:
    """The charge that mark_refunded() did not change. Raises Misconfigured if there was nothing to refund."""
    if not item:
        raise nothing_to_refund(key)
    return charge_from(item).reversed(refund_id="")


def charge_item_key(key: str) -> Item:
    return _key(key, "CHARGE")


def _key(key: str, sort_key: str) -> Item:
    return {"pk": {"S": f"ORDER#{key}"}, "sk": {"S": sort_key}}


def item_of(charge: Charge) -> Item:
    return {
        **charge_item_key(charge.key),
        "order_id": {"S": charge.key},
        "customer_id": {"S": charge.customer_id},
        "minor": {"N": str(charge.amount.minor)},
        "currency": {"S": charge.amount.currency},
        "gateway": {"S": charge.gateway},
        "state": {"S": charge.state},
        "at": {"S": format_utc(charge.at)},
        "payment_id": {"S": charge.payment_id},
        "refund_id": {"S": charge.refund_id},
    }


def charge_from(item: Mapping[str, Any]) -> Charge:
    return Charge(
        key=item["order_id"]["S"],
        customer_id=item["customer_id"]["S"],
        amount=Money(int(item["minor"]["N"]), item["currency"]["S"]),
        gateway=item["gateway"]["S"],
        state=ChargeState(item["state"]["S"]),
        at=parse_utc(item["at"]["S"]),
        payment_id=item["payment_id"]["S"],
        refund_id=item["refund_id"]["S"],
    )
