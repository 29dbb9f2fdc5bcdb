"""The delivery log on DynamoDB, in the table `control`.

pk CALLBACK#<order id> · sk <message id> · version, data
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from chalicelib.acknowledgements.delivery import Delivery
from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.ports import Clock

DEPENDENCY = "DynamoDB (control)"
KEPT = timedelta(days=90)

_DECODER = msgspec.json.Decoder(Delivery)


@dataclass(frozen=True, slots=True)
class DynamoDbDeliveries:
    """acknowledgements.delivery.Deliveries."""

    client: Any
    table: str
    clock: Clock

    def get(self, order_id: str, message_id: str) -> Delivery | None:
        key = _key(order_id, message_id)
        with aws_errors_translated(DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return _DECODER.decode(answer["Item"]["data"]["S"]) if "Item" in answer else None

    def put(self, delivery: Delivery) -> bool:
        """A repeat by the SDK, after an answer that was lost, is recognised by what is there."""
        stored = replace(delivery, version=delivery.version + 1)
        data = msgspec.json.encode(stored).decode()
        written = write_if(
            DEPENDENCY,
            self.client.put_item,
            TableName=self.table,
            Item={
                **_key(delivery.order_id, delivery.message_id),
                "version": {"N": str(stored.version)},
                "data": {"S": data},
                "expires_at": {"N": str(int((self.clock.now() + KEPT).timestamp()))},
            },
            ConditionExpression="attribute_not_exists(pk) OR version = :known",
            ExpressionAttributeValues={":known": {"N": str(delivery.version)}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return written.done or written.item.get("data", {}).get("S") == data

    def of_order(self, order_id: str) -> Sequence[Delivery]:
        found = items(
            DEPENDENCY,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"CALLBACK#{order_id}"}},
            ConsistentRead=True,
        )
        return sorted((_DECODER.decode(item["data"]["S"]) for item in found), key=lambda one: one.occurred_at)


def _key(order_id: str, message_id: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"CALLBACK#{order_id}"}, "sk": {"S": message_id}}
