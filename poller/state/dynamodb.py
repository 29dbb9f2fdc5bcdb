"""Leases and watermarks in the table `control`: pk SOURCE#<name> · sk LEASE, WATERMARK or WATERMARK#<time> (history).

Every save is a transaction that first checks the lease's fencing token: whoever has lost the lease can save nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.transaction import transact
from chalicelib.domain.timestamps import format_utc
from poller.errors import LeaseLost
from poller.state.codec import decode_watermark, encode_watermark
from poller.state.ports import Lease, Watermark

KEEP_HISTORY = timedelta(days=30)
_DEPENDENCY = "DynamoDB"


@dataclass(frozen=True, slots=True)
class DynamoDbWatermarks:
    """state.Watermarks. Expiry is in the pollers' clocks; the fence makes up for their skew."""

    client: Any
    table: str

    def acquire(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease | None:
        free = "attribute_not_exists(pk) OR expires_at_ms <= :now OR holder = :holder"
        return self._take(source, holder, now, length, free)

    def take_over(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease:
        lease = self._take(source, holder, now, length, "")
        assert lease is not None, "an update without a condition takes the lease"
        return lease

    def renew(self, lease: Lease, now: datetime, length: timedelta) -> Lease:
        longer = replace(lease, expires_at=now + length)
        self._update_lease(lease, "SET expires_at_ms = :until", {":until": {"N": _ms(longer.expires_at)}})
        return longer

    def release(self, lease: Lease) -> None:
        try:
            self._update_lease(lease, "SET expires_at_ms = :zero", {":zero": {"N": "0"}})
        except LeaseLost:
            return

    def load(self, source: str) -> Watermark:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=item_key(source, "WATERMARK"), ConsistentRead=True)
        return decode_watermark(answer["Item"]["data"]["S"]) if "Item" in answer else Watermark()

    def save(self, lease: Lease, watermark: Watermark, now: datetime, history: bool = False) -> None:
        data = {"S": encode_watermark(replace(watermark, saved_at=now))}
        items = [{**item_key(lease.source, "WATERMARK"), "data": data}]
        if history:
            sort_key = f"WATERMARK#{format_utc(now)}"
            expiry = {"N": str(int((now + KEEP_HISTORY).timestamp()))}
            items.append({**item_key(lease.source, sort_key), "data": data, "expires_at": expiry})
        put_under_lease(self.client, self.table, lease, items)

    def history(self, source: str, limit: int) -> Sequence[Watermark]:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.query(
                TableName=self.table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={":pk": {"S": f"SOURCE#{source}"}, ":prefix": {"S": "WATERMARK#"}},
                ScanIndexForward=False,
                Limit=limit,
            )
        return [decode_watermark(item["data"]["S"]) for item in answer["Items"]]

    def _take(self, source: str, holder: str, now: datetime, length: timedelta, condition: str) -> Lease | None:
        values = {
            ":holder": {"S": holder},
            ":until": {"N": _ms(now + length)},
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
        }
        request: dict[str, Any] = {
            "TableName": self.table,
            "Key": item_key(source, "LEASE"),
            "UpdateExpression": "SET holder = :holder, expires_at_ms = :until,"
            " fence = if_not_exists(fence, :zero) + :one",
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
        }
        if condition:
            request["ConditionExpression"] = condition
            values[":now"] = {"N": _ms(now)}
        written = write_if(_DEPENDENCY, self.client.update_item, **request)
        return Lease(source, holder, int(written.item["fence"]["N"]), now + length) if written.done else None

    def _update_lease(self, lease: Lease, update: str, values: dict[str, Any]) -> None:
        written = write_if(
            _DEPENDENCY,
            self.client.update_item,
            TableName=self.table,
            Key=item_key(lease.source, "LEASE"),
            UpdateExpression=update,
            ConditionExpression="fence = :fence AND holder = :holder",
            ExpressionAttributeValues={**values, **_fence_values(lease)},
        )
        if not written.done:
            raise LeaseLost(lease.source)


def put_under_lease(client: Any, table: str, lease: Lease, items: Sequence[dict[str, Any]]) -> None:
    """Put all items, or none and LeaseLost if another holder has taken the lease."""
    check = {
        "TableName": table,
        "Key": item_key(lease.source, "LEASE"),
        "ConditionExpression": "fence = :fence AND holder = :holder",
        "ExpressionAttributeValues": _fence_values(lease),
    }
    actions = [{"ConditionCheck": check}, *({"Put": {"TableName": table, "Item": item}} for item in items)]
    if transact(f"{_DEPENDENCY} (state of source {lease.source})", client, actions):
        raise LeaseLost(lease.source)


def item_key(source: str, sort_key: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": f"SOURCE#{source}"}, "sk": {"S": sort_key}}


def _fence_values(lease: Lease) -> dict[str, dict[str, str]]:
    return {":fence": {"N": str(lease.fence)}, ":holder": {"S": lease.holder}}


def _ms(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
