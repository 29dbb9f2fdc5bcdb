"""The failure switches of a stage, for all of its processes.

DynamoDB, table `control`: pk FAULTS, sk <dependency>/<operation> (the switch); pk FAULT-CALLS#<dependency>, sk the
second (a counter).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.fault_injection.switches import LONGEST_REHEARSAL, Mode, Switch
from chalicelib.domain.timestamps import format_utc, parse_utc

STORE = "DynamoDB"

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DynamoDbSwitchStore:
    """SwitchStore of a stage."""

    client: Any
    table: str

    def put(self, switch: Switch) -> None:
        assert switch.until is not None, "a switch has an end"
        item = {
            **_key(switch.dependency, switch.operation),
            "mode": {"S": switch.mode},
            "until": {"S": format_utc(switch.until)},
            "seconds": {"N": str(switch.seconds)},
            "expires_at": {"N": str(int((switch.until + LONGEST_REHEARSAL).timestamp()))},
        }
        if switch.remaining is not None:
            item["remaining"] = {"N": str(switch.remaining)}
        with aws_errors_translated(STORE):
            self.client.put_item(TableName=self.table, Item=item)

    def clear(self, dependency: str, operation: str) -> None:
        with aws_errors_translated(STORE):
            self.client.delete_item(TableName=self.table, Key=_key(dependency, operation))

    def switches(self) -> Sequence[Switch]:
        return [_switch(item) for item in self._partition("FAULTS")]

    def use(self, switch: Switch) -> bool:
        if switch.remaining is None:
            return True
        return write_if(
            STORE,
            self.client.update_item,
            TableName=self.table,
            Key=_key(switch.dependency, switch.operation),
            UpdateExpression="SET remaining = remaining - :one",
            ConditionExpression="remaining >= :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        ).done

    def count_call(self, dependency: str, now: datetime) -> None:
        second = now.replace(microsecond=0)
        with aws_errors_translated(STORE):
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": f"FAULT-CALLS#{dependency}"}, "sk": {"S": second.isoformat()}},
                UpdateExpression="SET expires_at = :end ADD calls :one",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":end": {"N": str(int((second + LONGEST_REHEARSAL).timestamp()))},
                },
            )

    def calls(self, dependency: str) -> Mapping[datetime, int]:
        seconds = self._partition(f"FAULT-CALLS#{dependency}")
        return {parse_utc(item["sk"]["S"]): int(item["calls"]["N"]) for item in seconds}

    def _partition(self, pk: str) -> Iterator[Item]:
        """All of it, strongly consistent: a switch that is off is off."""
        return items(
            STORE,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )


def _key(dependency: str, operation: str) -> Item:
    return {"pk": {"S": "FAULTS"}, "sk": {"S": f"{dependency}/{operation}"}}


def _switch(item: Item) -> Switch:
    dependency, _, operation = item["sk"]["S"].rpartition("/")
    remaining = item.get("remaining")
    return Switch(
        dependency=dependency,
        mode=Mode(item["mode"]["S"]),
        operation=operation,
        remaining=int(remaining["N"]) if remaining else None,
        until=parse_utc(item["until"]["S"]),
        seconds=float(item["seconds"]["N"]),
    )
