"""Quarantined and changed rows in the table `control`: pk SOURCE#<name> · sk QUARANTINE#<key> or CHANGE#<key>."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.pages import first_items
from chalicelib.domain.timestamps import format_utc
from poller.state.dynamodb import item_key
from poller.state.ports import Changed, Quarantined

_DEPENDENCY = "DynamoDB"
_LONGEST_KEY = 900
"""DynamoDB's sort keys hold 1,024 bytes; a longer ERP key is cut and told apart by its hash."""

Entry = TypeVar("Entry", Quarantined, Changed)


@dataclass(frozen=True, slots=True)
class DynamoDbFindings:
    """state.Findings."""

    client: Any
    table: str

    def quarantine(self, entry: Quarantined) -> None:
        self._put("QUARANTINE#", entry)

    def release(self, source: str, key: str) -> None:
        with aws_errors_translated(_DEPENDENCY):
            self.client.delete_item(TableName=self.table, Key=item_key(source, _sort_key("QUARANTINE#", key)))

    def quarantined(self, source: str, limit: int, after: str = "") -> Sequence[Quarantined]:
        return self._list(source, "QUARANTINE#", limit, after, Quarantined)

    def record_change(self, change: Changed) -> None:
        self._put("CHANGE#", change)

    def changes(self, source: str, limit: int, after: str = "") -> Sequence[Changed]:
        return self._list(source, "CHANGE#", limit, after, Changed)

    def _put(self, prefix: str, entry: Quarantined | Changed) -> None:
        with aws_errors_translated(_DEPENDENCY):
            self.client.update_item(
                TableName=self.table,
                Key=item_key(entry.source, _sort_key(prefix, entry.key)),
                UpdateExpression="SET #data = :data, first_seen = if_not_exists(first_seen, :seen)",
                ExpressionAttributeNames={"#data": "data"},
                ExpressionAttributeValues={
                    ":data": {"S": msgspec.json.encode(entry).decode()},
                    ":seen": {"S": format_utc(entry.first_seen)},
                },
            )

    def _list(self, source: str, prefix: str, limit: int, after: str, kind: type[Entry]) -> list[Entry]:
        low = _sort_key(prefix, after) if after else prefix
        start: dict[str, Any] = {"ExclusiveStartKey": item_key(source, low)} if after else {}
        found = first_items(
            _DEPENDENCY,
            self.client.query,
            limit,
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": f"SOURCE#{source}"}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
            **start,
        )
        return [_entry(item, kind) for item in found]


def _entry(item: dict[str, Any], kind: type[Entry]) -> Entry:
    data = msgspec.json.decode(item["data"]["S"])
    return msgspec.convert({**data, "first_seen": item["first_seen"]["S"]}, kind)


def _sort_key(prefix: str, key: str) -> str:
    if len(key.encode()) <= _LONGEST_KEY:
        return prefix + key
    return prefix + key.encode()[: _LONGEST_KEY - 65].decode("utf-8", "ignore") + "#" + sha256(key.encode()).hexdigest()
