"""Snapshots in the table `control`: pk SOURCE#<name> · sk SNAPSHOT#<purpose>#INDEX or #<chunk number>.

A chunk takes 16 bytes a row; an item holds 400 KB, hence at most 10,000 rows a chunk (paging.page_rows).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from poller.state.codec import decode_chunk, decode_index, encode_chunk, encode_index
from poller.state.dynamodb import item_key, put_under_lease
from poller.state.ports import Chunk, ChunkIndex, Lease

_DEPENDENCY = "DynamoDB"


@dataclass(frozen=True, slots=True)
class DynamoDbSnapshots:
    """state.Snapshots; `name` is `<source>` or `<source>#<purpose>`."""

    client: Any
    table: str

    def index(self, name: str) -> ChunkIndex:
        item = self._get(name, "INDEX")
        return decode_index(item["data"]["S"]) if item else ChunkIndex()

    def save_index(self, lease: Lease, name: str, index: ChunkIndex) -> None:
        self._put(lease, name, "INDEX", {"S": encode_index(index)})

    def chunk(self, name: str, number: int) -> Chunk:
        item = self._get(name, f"{number:010}")
        return decode_chunk(item["data"]["B"]) if item else Chunk({})

    def save_chunk(self, lease: Lease, name: str, number: int, chunk: Chunk) -> None:
        self._put(lease, name, f"{number:010}", {"B": encode_chunk(chunk)})

    def clear(self, lease: Lease, name: str) -> None:
        index = self.index(name)
        self.save_index(lease, name, ChunkIndex(next_number=index.next_number))
        for number, _ in index.ranges:
            with aws_errors_translated(_DEPENDENCY):
                self.client.delete_item(TableName=self.table, Key=_key(name, f"{number:010}"))

    def _get(self, name: str, part: str) -> dict[str, Any] | None:
        with aws_errors_translated(_DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=_key(name, part), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _put(self, lease: Lease, name: str, part: str, data: dict[str, Any]) -> None:
        put_under_lease(self.client, self.table, lease, [{**_key(name, part), "data": data}])


def _key(name: str, part: str) -> dict[str, dict[str, str]]:
    source, _, purpose = name.partition("#")
    return item_key(source, f"SNAPSHOT#{purpose or 'ROWS'}#{part}")
