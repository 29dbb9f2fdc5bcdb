"""Circuits in DynamoDB, table `control`: pk CIRCUITS, sk <name>. Nothing is written while all is well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.resilience.circuits import Circuit, State
from chalicelib.domain.errors import Contention

STORE = "DynamoDB"
CIRCUITS = "CIRCUITS"
TRIES = 3
"""To count a failure while others begin the same window."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DynamoDbCircuitStore:
    """CircuitStore. Times are kept as microseconds since 1970, which compare as numbers."""

    client: Any
    table: str

    def load(self, name: str) -> Circuit:
        with aws_errors_translated(STORE):
            answer = self.client.get_item(TableName=self.table, Key=_key(name), ConsistentRead=True)
        return _circuit(name, answer.get("Item", {}))

    def changed(self) -> Sequence[Circuit]:
        found = items(
            STORE,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": CIRCUITS}},
            ConsistentRead=True,
        )
        return [_circuit(item["sk"]["S"], item) for item in found if "version" in item]

    def count_failure(self, name: str, now: datetime, window_s: float) -> int:
        this_moment = {":now": _number(_micros(now))}
        end = {":end": _number(_micros(now + timedelta(seconds=window_s)))}
        one = {":one": _number(1)}
        for _ in range(TRIES):
            failures = self._count("SET failures = failures + :one", "window_end > :now", name, this_moment | one)
            failures = failures or self._count(
                "SET failures = :one, window_end = :end",
                "attribute_not_exists(window_end) OR window_end <= :now",
                name,
                this_moment | one | end,
            )
            if failures:
                return failures
        raise Contention(f"circuit {name}: its failures are counted by too many at once")

    def change(self, before: Circuit, after: Circuit) -> bool:
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(version)"}
        if before.version:
            condition = {
                "ConditionExpression": "version = :before",
                "ExpressionAttributeValues": {":before": _number(before.version)},
            }
        written = write_if(
            STORE,
            self.client.put_item,
            TableName=self.table,
            Item=_item(after),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **condition,
        )
        return written.done or _circuit(before.name, written.item) == after

    def _count(self, update: str, condition: str, name: str, values: Item) -> int:
        """Failures in the window after the update; 0 if the condition does not hold."""
        written = write_if(
            STORE,
            self.client.update_item,
            TableName=self.table,
            Key=_key(name),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ReturnValues="UPDATED_NEW",
        )
        return int(written.item["failures"]["N"]) if written.done else 0


def _key(name: str) -> Item:
    return {"pk": {"S": CIRCUITS}, "sk": {"S": name}}


def _item(circuit: Circuit) -> Item:
    item = {
        **_key(circuit.name),
        "state": {"S": circuit.state},
        "version": _number(circuit.version),
        "interval_s": {"N": str(circuit.interval_s)},
        "token": {"S": circuit.token},
    }
    if circuit.retry_at is not None:
        item["retry_at"] = _number(_micros(circuit.retry_at))
    if circuit.since is not None:
        item["since"] = _number(_micros(circuit.since))
    return item


def _circuit(name: str, item: Mapping[str, Any]) -> Circuit:
    """From the item, which has only a counter, or is absent, if the circuit never changed."""
    if "version" not in item:
        return Circuit(name)
    return Circuit(
        name=name,
        state=State(item["state"]["S"]),
        version=int(item["version"]["N"]),
        interval_s=float(item["interval_s"]["N"]),
        retry_at=_moment(item.get("retry_at")),
        since=_moment(item.get("since")),
        token=item["token"]["S"],
    )


def _number(value: int) -> Item:
    return {"N": str(value)}


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(attribute: Mapping[str, str] | None) -> datetime | None:
    return None if attribute is None else _EPOCH + timedelta(microseconds=int(attribute["N"]))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
