"""Open dead letters in the table `control`.

    pk DEADLETTERS#<fingerprint> · sk <order id> · attempt · data      one per failed order
    pk DEADLETTERS               · sk <fingerprint> · step · error …   one per group, so that groups can be listed

The letter is written before its group, which counts its writes (`recorded`), and an empty group is removed only if
nothing was recorded since it was read: so a letter is never without its group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.pages import first_items, items, pages
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.timestamps import format_utc, parse_utc
from chalicelib.ports import DEAD_LETTER_COUNT_LIMIT, DeadLetter, DeadLetterGroup

GROUPS = "DEADLETTERS"
_DEPENDENCY = "DynamoDB"


@dataclass(frozen=True, slots=True)
class DynamoDbDeadLetters:
    """ports.DeadLetters."""

    client: Any
    table: str

    def record(self, letter: DeadLetter) -> None:
        failed = letter.failed
        item = {
            **_key(failed.fingerprint, failed.order_id),
            "attempt": {"N": str(failed.attempt)},
            "data": {"S": msgspec.json.encode(letter).decode()},
        }
        with aws_errors_translated(_DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=item)
            self.client.update_item(
                TableName=self.table,
                Key={"pk": {"S": GROUPS}, "sk": {"S": failed.fingerprint}},
                UpdateExpression="SET #step = :step, #error = :error, message = :message, last_failed_at = :at, "
                "first_failed_at = if_not_exists(first_failed_at, :at) ADD recorded :one",
                ExpressionAttributeNames={"#step": "step", "#error": "error"},
                ExpressionAttributeValues={
                    ":step": {"S": failed.step},
                    ":error": {"S": failed.error},
                    ":message": {"S": failed.message},
                    ":at": {"S": format_utc(failed.failed_at)},
                    ":one": {"N": "1"},
                },
            )

    def get(self, fingerprint: str, order_id: str) -> DeadLetter | None:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=_key(fingerprint, order_id), ConsistentRead=True)
        return _letter(answer["Item"]) if "Item" in answer else None

    def close(self, failed: FailedOrder) -> None:
        write_if(  # refused: closed before, or a later attempt's letter
            _DEPENDENCY,
            self.client.delete_item,
            TableName=self.table,
            Key=_key(failed.fingerprint, failed.order_id),
            ConditionExpression="attempt <= :attempt",
            ExpressionAttributeValues={":attempt": {"N": str(failed.attempt)}},
        )

    def groups(self) -> Sequence[DeadLetterGroup]:
        found = []
        for item in items(_DEPENDENCY, self.client.query, **self._partition(GROUPS)):
            count = self._count(item["sk"]["S"])
            if count:
                found.append(_group(item, count))
            else:
                self._remove_group(item)
        return sorted(found, key=lambda group: group.last_failed_at, reverse=True)

    def in_group(self, fingerprint: str, limit: int, after: str = "") -> Sequence[DeadLetter]:
        request = self._partition(f"{GROUPS}#{fingerprint}", after)
        return [_letter(item) for item in first_items(_DEPENDENCY, self.client.query, limit, **request)]

    def _count(self, fingerprint: str) -> int:
        count, request = 0, self._partition(f"{GROUPS}#{fingerprint}")
        for answer in pages(_DEPENDENCY, self.client.query, **request, Select="COUNT"):
            count += answer["Count"]
            if count >= DEAD_LETTER_COUNT_LIMIT:
                return DEAD_LETTER_COUNT_LIMIT
        return count

    def _remove_group(self, item: dict[str, Any]) -> None:
        write_if(  # refused: it is in use again
            _DEPENDENCY,
            self.client.delete_item,
            TableName=self.table,
            Key={"pk": item["pk"], "sk": item["sk"]},
            ConditionExpression="last_failed_at = :seen AND (recorded = :recorded OR attribute_not_exists(recorded))",
            ExpressionAttributeValues={
                ":seen": item["last_failed_at"],
                ":recorded": item.get("recorded", {"N": "0"}),  # one of an earlier release has no count
            },
        )

    def _partition(self, pk: str, after: str = "") -> dict[str, Any]:
        """The arguments of a query of all that is in a partition, or of what comes after a sort key."""
        values = {":pk": {"S": pk}, **({":after": {"S": after}} if after else {})}
        return {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND sk > :after" if after else "pk = :pk",
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }


def _key(fingerprint: str, order_id: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"{GROUPS}#{fingerprint}"}, "sk": {"S": order_id}}


def _letter(item: dict[str, Any]) -> DeadLetter:
    return msgspec.json.decode(item["data"]["S"], type=DeadLetter)


def _group(item: dict[str, Any], count: int) -> DeadLetterGroup:
    return DeadLetterGroup(
        fingerprint=item["sk"]["S"],
        step=item["step"]["S"],
        error=item["error"]["S"],
        message=item["message"]["S"],
        first_failed_at=parse_utc(item["first_failed_at"]["S"]),
        last_failed_at=parse_utc(item["last_failed_at"]["S"]),
        count=count,
    )
