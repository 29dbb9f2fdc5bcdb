"""The outbox on DynamoDB: items of the table `control`, sorted by when they occurred.

pk OUTBOX#<source> (waiting) or OUTBOX-PARKED#<source>, sk <occurred_at>#<order_id>#<version>#<kind>.
One source is one partition: 1,000 entries a second, more than an ERP takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.acknowledgements.outbox import OutboxEntry
from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.pages import first_items
from chalicelib.adapters.dynamodb.transaction import transact
from chalicelib.domain.timestamps import format_utc, parse_utc

DEPENDENCY = "DynamoDB (control)"
WAITING = "OUTBOX"
PARKED = "OUTBOX-PARKED"

_TEXTS = ("source", "order_id", "external_id", "kind", "reason_code", "reason", "confirmation_number")


@dataclass(frozen=True, slots=True)
class DynamoDbOutbox:
    """One item per entry; parking moves it in one transaction."""

    client: Any
    table: str

    def put(self, entry: OutboxEntry) -> None:
        with aws_errors_translated(DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=_item(WAITING, entry))

    def pending(self, source: str, limit: int) -> Sequence[OutboxEntry]:
        return tuple(_entry(item) for item in self._items(WAITING, source, limit))

    def done(self, entry: OutboxEntry) -> None:
        with aws_errors_translated(DEPENDENCY):
            self.client.delete_item(TableName=self.table, Key=_key(WAITING, entry))

    def park(self, entry: OutboxEntry, problem: str) -> None:
        put = {"Put": {"TableName": self.table, "Item": {**_item(PARKED, entry), "problem": {"S": problem}}}}
        transact(DEPENDENCY, self.client, [put, self._delete(WAITING, entry)])

    def parked(self, source: str, limit: int) -> Sequence[tuple[OutboxEntry, str]]:
        return tuple((_entry(item), item["problem"]["S"]) for item in self._items(PARKED, source, limit))

    def unpark(self, entry: OutboxEntry) -> None:
        """Conditional: an entry that was unparked before, and done since, must not come back."""
        put = {"Put": {"TableName": self.table, "Item": _item(WAITING, entry)}}
        transact(DEPENDENCY, self.client, [put, self._delete(PARKED, entry, must_exist=True)])

    def _delete(self, place: str, entry: OutboxEntry, must_exist: bool = False) -> dict[str, Any]:
        condition = {"ConditionExpression": "attribute_exists(pk)"} if must_exist else {}
        return {"Delete": {"TableName": self.table, "Key": _key(place, entry), **condition}}

    def _items(self, place: str, source: str, limit: int) -> list[dict[str, Any]]:
        return first_items(
            DEPENDENCY,
            self.client.query,
            limit,
            TableName=self.table,
            KeyConditionExpression="pk = :place",
            ExpressionAttributeValues={":place": {"S": f"{place}#{source}"}},
            ConsistentRead=True,
        )


def _key(place: str, entry: OutboxEntry) -> dict[str, dict[str, str]]:
    position = f"{format_utc(entry.occurred_at)}#{entry.order_id}#{entry.version:08}#{entry.kind}"
    return {"pk": {"S": f"{place}#{entry.source}"}, "sk": {"S": position}}


def _item(place: str, entry: OutboxEntry) -> dict[str, dict[str, str]]:
    return {
        **_key(place, entry),
        **{name: {"S": getattr(entry, name)} for name in _TEXTS},
        "occurred_at": {"S": format_utc(entry.occurred_at)},
        "version": {"N": str(entry.version)},
        "revision": {"N": str(entry.revision)},
    }


def _entry(item: Mapping[str, Any]) -> OutboxEntry:
    return OutboxEntry(
        **{name: item[name]["S"] for name in _TEXTS},
        occurred_at=parse_utc(item["occurred_at"]["S"]),
        version=int(item["version"]["N"]),
        revision=int(item["revision"]["N"]) if "revision" in item else 1,  # entries of release 0.2
    )
