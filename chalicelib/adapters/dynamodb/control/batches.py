"""Batches in the table `control`: a batch and its pages beside each other, uploads by their id. Gone after 90 days.

pk BATCH#<batch id>    sk BATCH          version · data
                       sk PAGE#<number>  version · data
pk UPLOAD#<upload id>  sk UPLOAD         data
pk BATCHES, BATCHES#<source>  sk <time>#<batch or upload id>: what lists are made of
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.batch_get import batch_get
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.orders.items import row_key, row_of
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.adapters.system import SystemIds
from chalicelib.batches.model import Batch, Page, Upload
from chalicelib.domain.cursors import bounds, position_of
from chalicelib.domain.errors import Contention
from chalicelib.ports import Clock, Ids, OrderRow

KEEP = timedelta(days=90)
"""As long as the files in the bucket (deploy/templates/data.py)."""

LIST_PAGE = 100
"""Entries read at a time."""

_DEPENDENCY = "DynamoDB"
Kept = TypeVar("Kept", Batch, Page, Upload)


@dataclass(frozen=True, slots=True)
class DynamoDbLedger:
    """batches.ports.Ledger."""

    client: Any
    table: str
    clock: Clock
    ids: Ids = field(default_factory=SystemIds)

    def save_upload(self, upload: Upload) -> None:
        if not upload.batch_id:  # afterwards the batch is listed
            self._list(upload.source, position_of(upload.created_at, upload.upload_id))
        with aws_errors_translated(_DEPENDENCY):
            self.client.put_item(TableName=self.table, Item=self._item(*_upload_key(upload.upload_id), upload))

    def upload(self, upload_id: str) -> Upload | None:
        return self._get(*_upload_key(upload_id), Upload)

    def create(self, batch: Batch) -> bool:
        """Two may claim at once, so it is no transaction. Who finds the batch there lists it, too: whoever made it may
        have died before he could."""
        is_new = self._put(*_batch_key(batch.batch_id), batch, batch.version, expected=0)
        known = batch if is_new else self.batch(batch.batch_id) or batch
        self._list(known.source, position_of(known.received_at, known.batch_id))
        return is_new

    def listed(self, source: str | None, start: datetime | None, end: datetime | None, after: str) -> Iterator[str]:
        low, high = bounds(start, end, after)
        if low > high:
            return
        for item in items(
            _DEPENDENCY,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :low AND :high",
            ExpressionAttributeValues={":pk": {"S": _list_key(source)}, ":low": {"S": low}, ":high": {"S": high}},
            ProjectionExpression="sk",
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=LIST_PAGE,
        ):
            if item["sk"]["S"] != after:  # BETWEEN includes its bounds
                yield item["sk"]["S"]

    def found(self, ids: Sequence[str]) -> Mapping[str, Batch | Upload]:
        keys = [_batch_key(id_) if id_.startswith("b-") else _upload_key(id_) for id_ in dict.fromkeys(ids)]
        backoff = Backoff(self.clock, self.ids, "the list of batches")
        there = batch_get(self.client, self.table, [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys], backoff)
        return {item["pk"]["S"].partition("#")[2]: _either(item) for item in there}

    def batch(self, batch_id: str) -> Batch | None:
        return self._get(*_batch_key(batch_id), Batch)

    def save(self, batch: Batch) -> Batch:
        newer = replace(batch, version=batch.version + 1)
        if not self._put(*_batch_key(batch.batch_id), newer, newer.version, expected=batch.version):
            raise Contention(f"batch {batch.batch_id} was changed by somebody else")
        return newer

    def page(self, batch_id: str, number: int) -> Page | None:
        return self._get(*_page_key(batch_id, number), Page)

    def pages(self, batch_id: str) -> Iterator[Page]:
        for item in items(
            _DEPENDENCY,
            self.client.query,
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :page)",
            ExpressionAttributeValues={":pk": {"S": f"BATCH#{batch_id}"}, ":page": {"S": "PAGE#"}},
            ConsistentRead=True,
        ):
            yield _decoded(item, Page)

    def save_page(self, page: Page) -> Page:
        newer = replace(page, version=page.version + 1)
        key = _page_key(page.batch_id, page.number)
        if not self._put(*key, newer, newer.version, expected=page.version):
            raise Contention(f"page {page.number} of batch {page.batch_id} was changed by somebody else")
        return newer

    def _put(self, pk: str, sk: str, kept: Batch | Page, version: int, expected: int) -> bool:
        """Whether the expected version was there. A repeat whose first answer was lost counts as somebody else's."""
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if expected:
            condition = {
                "ConditionExpression": "version = :expected",
                "ExpressionAttributeValues": {":expected": {"N": str(expected)}},
            }
        item = {**self._item(pk, sk, kept), "version": {"N": str(version)}}
        return write_if(_DEPENDENCY, self.client.put_item, TableName=self.table, Item=item, **condition).done

    def _get(self, pk: str, sk: str, kind: type[Kept]) -> Kept | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return _decoded(answer["Item"], kind) if "Item" in answer else None

    def _list(self, source: str, place: str) -> None:
        """In the list of all and in that of the source. Gone with what they name."""
        for owner in (None, source):
            item = {"pk": {"S": _list_key(owner)}, "sk": {"S": place}, "expires_at": self._expiry()}
            with aws_errors_translated(_DEPENDENCY):
                self.client.put_item(TableName=self.table, Item=item)

    def _expiry(self) -> dict[str, str]:
        return {"N": str(int((self.clock.now() + KEEP).timestamp()))}

    def _item(self, pk: str, sk: str, kept: Batch | Page | Upload) -> dict[str, Any]:
        return {
            "pk": {"S": pk},
            "sk": {"S": sk},
            "data": {"S": msgspec.json.encode(kept).decode()},
            "expires_at": self._expiry(),
        }


@dataclass(frozen=True, slots=True)
class DynamoDbOrderRows:
    """batches.ports.OrderRows, on the table `orders`."""

    client: Any
    table: str
    clock: Clock
    ids: Ids

    def rows(self, order_ids: Sequence[str]) -> Mapping[str, OrderRow]:
        keys = [row_key(order_id) for order_id in dict.fromkeys(order_ids)]
        backoff = Backoff(self.clock, self.ids, "the orders of a page")
        return {row.order_id: row for row in map(row_of, batch_get(self.client, self.table, keys, backoff))}


def _batch_key(batch_id: str) -> tuple[str, str]:
    return f"BATCH#{batch_id}", "BATCH"


def _page_key(batch_id: str, number: int) -> tuple[str, str]:
    return f"BATCH#{batch_id}", f"PAGE#{number:06}"


def _list_key(source: str | None) -> str:
    return "BATCHES" if source is None else f"BATCHES#{source}"


def _upload_key(upload_id: str) -> tuple[str, str]:
    return f"UPLOAD#{upload_id}", "UPLOAD"


def _decoded(item: Mapping[str, Any], kind: type[Kept]) -> Kept:
    return msgspec.json.decode(item["data"]["S"], type=kind)


def _either(item: Mapping[str, Any]) -> Batch | Upload:
    return _decoded(item, Batch) if item["sk"]["S"] == "BATCH" else _decoded(item, Upload)
