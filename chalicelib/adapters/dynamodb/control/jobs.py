"""Small records of the operation in the table `control`: jobs over dead letters, and bookmarks of periodic walks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.recovery.group_jobs import Job

KEEP_JOBS = timedelta(days=30)
_DEPENDENCY = "DynamoDB"


@dataclass(frozen=True, slots=True)
class DynamoDbJobs:
    """recovery.group_jobs.Jobs: pk JOBS · sk <job id, which sorts by time> · data."""

    client: Any
    table: str

    def save(self, job: Job) -> None:
        expires_at = int((job.requested_at + KEEP_JOBS).timestamp())
        item = {
            "pk": {"S": "JOBS"},
            "sk": {"S": job.job_id},
            "data": {"S": msgspec.json.encode(job).decode()},
            "expires_at": {"N": str(expires_at)},
        }
        with aws_errors_translated(_DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=item)

    def load(self, job_id: str) -> Job | None:
        key = {"pk": {"S": "JOBS"}, "sk": {"S": job_id}}
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return _job(answer["Item"]) if "Item" in answer else None

    def latest(self, limit: int) -> Sequence[Job]:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.query(
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": "JOBS"}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [_job(item) for item in answer["Items"]]


@dataclass(frozen=True, slots=True)
class DynamoDbBookmark:
    """ports.Bookmark: pk BOOKMARK#<name> · sk BOOKMARK · position."""

    client: Any
    table: str
    name: str

    def load(self) -> str:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=self._key(), ConsistentRead=True)
        return str(answer.get("Item", {}).get("position", {}).get("S", ""))

    def save(self, position: str) -> None:
        with aws_errors_translated(_DEPENDENCY):
            self.client.put_item(TableName=self.table, Item={**self._key(), "position": {"S": position}})

    def _key(self) -> dict[str, dict[str, str]]:
        return {"pk": {"S": f"BOOKMARK#{self.name}"}, "sk": {"S": "BOOKMARK"}}


def _job(item: dict[str, Any]) -> Job:
    return msgspec.json.decode(item["data"]["S"], type=Job)
