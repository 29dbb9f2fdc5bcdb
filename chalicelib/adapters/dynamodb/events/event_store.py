"""The event store on DynamoDB: one conditional put for one event, and nothing else written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.events.codec import FIRST_EVENT, from_item, order_id_of, partition, sort_key, to_item
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.domain.errors import VersionConflict
from chalicelib.domain.events import RecordedEvent
from chalicelib.ports import Append

MAX_REMEMBERED_VERSIONS = 10_000
DEPENDENCY = "DynamoDB (events)"

NOT_THERE = "attribute_not_exists(pk)"


@dataclass(frozen=True, slots=True)
class DynamoDbEventStore:
    """Table `events`; see codec.py for its items. Costs one write unit per KB appended.

    The condition of the put refuses a second event with the same number. It cannot see a gap: that the event before
    exists is known from having loaded or appended it (events are never deleted, so what was seen once stays true);
    who appends after a version that this process has not seen pays one read more.
    """

    client: Any
    table: str
    _seen: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def append(self, append: Append) -> RecordedEvent:
        self.require_predecessor(append)
        recorded = append.as_recorded()
        item = to_item(recorded)
        written = write_if(
            DEPENDENCY,
            self.client.put_item,
            TableName=self.table,
            Item=item,
            ConditionExpression=NOT_THERE,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if not written.done:
            recorded = self._own(append, written.item)
        self._remember(append.order_id, recorded.sequence)
        return recorded

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        events = tuple(from_item(item) for item in self._items(order_id))
        if events:
            self._remember(order_id, events[-1].sequence)
        return events

    def order_ids(self) -> Iterator[str]:
        """Reads, and pays for, the whole table."""
        for item in items(
            DEPENDENCY,
            self.client.scan,
            TableName=self.table,
            FilterExpression="sk = :first",
            ExpressionAttributeValues={":first": {"S": FIRST_EVENT}},
            ProjectionExpression="pk",
            ConsistentRead=True,
        ):
            yield order_id_of(item["pk"]["S"])

    def require_predecessor(self, append: Append) -> None:
        """Raises VersionConflict if the event before this one does not exist, so that no gap can arise."""
        if append.expected_version <= self._seen.get(append.order_id, 0):
            return
        if self._item(append.order_id, append.expected_version) is None:
            raise VersionConflict(append.order_id, append.expected_version)
        self._remember(append.order_id, append.expected_version)

    def require_place(self, append: Append) -> None:
        """Raises VersionConflict if something was appended to the order since its expected version."""
        if self._item(append.order_id, append.expected_version + 1) is not None:
            raise VersionConflict(append.order_id, append.expected_version)

    def stored(self, append: Append) -> RecordedEvent:
        """What this very append stored, after its place turned out to be taken. Raises VersionConflict."""
        return self._own(append, self._item(append.order_id, append.expected_version + 1))

    def put_action(self, append: Append) -> dict[str, Any]:
        """The append as an action of somebody's transaction. Raises EventTooLarge."""
        return {
            "Put": {
                "TableName": self.table,
                "Item": to_item(append.as_recorded()),
                "ConditionExpression": NOT_THERE,
            }
        }

    def unchanged_action(self, append: Append) -> dict[str, Any]:
        """The condition that nothing was appended to the order since its expected version."""
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": _key(append.order_id, append.expected_version + 1),
                "ConditionExpression": NOT_THERE,
            }
        }

    def _own(self, append: Append, item: Mapping[str, Any] | None) -> RecordedEvent:
        """The stored event if this append wrote it, whose answer was lost. Raises VersionConflict."""
        if not item or item["token"]["S"] != append.token:
            raise VersionConflict(append.order_id, append.expected_version)
        return from_item(item)

    def _item(self, order_id: str, sequence: int) -> dict[str, Any] | None:
        with aws_errors_translated(DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=_key(order_id, sequence), ConsistentRead=True)
        found: dict[str, Any] | None = answer.get("Item")
        return found

    def _items(self, order_id: str) -> Iterator[dict[str, Any]]:
        return items(
            DEPENDENCY,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :order",
            ExpressionAttributeValues={":order": {"S": partition(order_id)}},
            ConsistentRead=True,
        )

    def _remember(self, order_id: str, version: int) -> None:
        if len(self._seen) >= MAX_REMEMBERED_VERSIONS:
            self._seen.clear()
        self._seen[order_id] = max(version, self._seen.get(order_id, 0))


def _key(order_id: str, sequence: int) -> dict[str, dict[str, str]]:
    return {"pk": {"S": partition(order_id)}, "sk": {"S": sort_key(sequence)}}
