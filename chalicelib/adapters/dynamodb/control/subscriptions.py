"""Where each ERP wants its answers, in the table `control`.

pk SOURCE#<name> · sk CALLBACK · url, wanted_from, changed_at, also
pk CALLBACKS · sk <name>: that there is one, so that all can be listed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.domain.timestamps import format_utc, parse_utc

DEPENDENCY = "DynamoDB (control)"


@dataclass(frozen=True, slots=True)
class DynamoDbSubscriptions:
    """acknowledgements.subscription.Subscriptions."""

    client: Any
    table: str

    def get(self, source: str) -> Subscription:
        with aws_errors_translated(DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=_key(source), ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return Subscription(source)
        if "changed_at" not in item:  # set by release 0.2, which kept no list
            self._list(source)
            return Subscription(source, item["url"]["S"])
        also = tuple(item["also"]["S"].split())
        wanted_from, changed_at = (parse_utc(item[name]["S"]) for name in ("wanted_from", "changed_at"))
        return Subscription(source, item["url"]["S"], wanted_from, changed_at, also)

    def put(self, subscription: Subscription) -> None:
        """Listed first: a name without an address does no harm, an address that is not listed is never looked at."""
        self._list(subscription.source)
        item = {
            **_key(subscription.source),
            "url": {"S": subscription.url},
            "wanted_from": {"S": format_utc(subscription.wanted_from)},
            "changed_at": {"S": format_utc(subscription.changed_at)},
            "also": {"S": " ".join(subscription.also)},
        }
        with aws_errors_translated(DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=item)

    def all(self) -> Sequence[Subscription]:
        names = [
            item["sk"]["S"]
            for item in items(
                DEPENDENCY,
                self.client.query,
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": "CALLBACKS"}},
                ConsistentRead=True,
            )
        ]
        return [self.get(name) for name in names]

    def _list(self, source: str) -> None:
        item = {"pk": {"S": "CALLBACKS"}, "sk": {"S": source}}
        with aws_errors_translated(DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=item)


def _key(source: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"SOURCE#{source}"}, "sk": {"S": "CALLBACK"}}
