"""Idempotency keys in the table `control`: a conditional write to claim one, another to keep its answer.

pk IDEMPOTENCY#<hash>   sk ANSWER   fingerprint · holder · locked_until_ms · expires_at · answer
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.ports.idempotency import KeptAnswer, KeyRecord

_DEPENDENCY = "DynamoDB"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class DynamoDbIdempotencyKeys:
    """ports.IdempotencyKeys. DynamoDB deletes what has expired some time later, so it is compared here too."""

    client: Any
    table: str

    def claim(self, key: str, record: KeyRecord, now: datetime) -> KeyRecord | None:
        died = "(attribute_not_exists(answer) AND locked_until_ms <= :now_ms AND fingerprint = :fingerprint)"
        written = write_if(
            _DEPENDENCY,
            self.client.put_item,
            TableName=self.table,
            Item=_item(key, record),
            ConditionExpression=f"attribute_not_exists(pk) OR expires_at <= :now_s OR holder = :holder OR {died}",
            ExpressionAttributeValues={
                ":now_s": _seconds(now),
                ":now_ms": _milliseconds(now),
                ":fingerprint": {"S": record.fingerprint},
                ":holder": {"S": record.holder},
            },
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        return None if written.done else _record(written.item)

    def complete(self, key: str, record: KeyRecord) -> None:
        write_if(
            _DEPENDENCY, self.client.put_item, TableName=self.table, Item=_item(key, record), **_held(record.holder)
        )

    def release(self, key: str, holder: str) -> None:
        write_if(_DEPENDENCY, self.client.delete_item, TableName=self.table, Key=_key(key), **_held(holder))


def _held(holder: str) -> dict[str, Any]:
    return {"ConditionExpression": "holder = :holder", "ExpressionAttributeValues": {":holder": {"S": holder}}}


def _key(key: str) -> dict[str, Any]:
    return {"pk": {"S": f"IDEMPOTENCY#{key}"}, "sk": {"S": "ANSWER"}}


def _item(key: str, record: KeyRecord) -> dict[str, Any]:
    answer = {} if record.answer is None else {"answer": {"S": msgspec.json.encode(record.answer).decode()}}
    return {
        **_key(key),
        "fingerprint": {"S": record.fingerprint},
        "holder": {"S": record.holder},
        "locked_until_ms": _milliseconds(record.locked_until),
        "expires_at": _seconds(record.expires_at),
        **answer,
    }


def _record(item: Mapping[str, Any]) -> KeyRecord:
    return KeyRecord(
        fingerprint=item["fingerprint"]["S"],
        holder=item["holder"]["S"],
        locked_until=_EPOCH + int(item["locked_until_ms"]["N"]) * _MILLISECOND,
        expires_at=_EPOCH + timedelta(seconds=int(item["expires_at"]["N"])),
        answer=msgspec.json.decode(item["answer"]["S"], type=KeptAnswer) if "answer" in item else None,
    )


def _seconds(moment: datetime) -> dict[str, str]:
    return {"N": str(int(moment.timestamp()))}


def _milliseconds(moment: datetime) -> dict[str, str]:
    return {"N": str((moment - _EPOCH) // _MILLISECOND)}
