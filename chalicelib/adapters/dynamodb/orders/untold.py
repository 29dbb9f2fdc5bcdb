"""Reads the sparse index of what ERPs have still to be told: the ids of a source's orders, oldest change first.

8 queries (0.5 read units each) while there are hardly any.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.adapters.dynamodb.orders.index import DEPENDENCY, SHARD_PAGE
from chalicelib.adapters.dynamodb.orders.items import SHARDS, shard_value
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.dynamodb.tables import UNTOLD_INDEX, UNTOLD_POSITION, UNTOLD_SHARD
from chalicelib.domain.timestamps import format_utc


def untold_ids(client: Any, table: str, source: str, start: datetime, end: datetime) -> Iterator[str]:
    """As the index has them: the row decides."""
    shards = [_shard(client, table, shard_value(source, shard), start, end) for shard in range(SHARDS)]
    for place in heapq.merge(*shards):
        yield place.partition("#")[2]


def _shard(client: Any, table: str, value: str, start: datetime, end: datetime) -> Iterator[str]:
    if start >= end:
        return
    for item in items(
        DEPENDENCY,
        client.query,
        TableName=table,
        IndexName=UNTOLD_INDEX,
        KeyConditionExpression="#value = :value AND #position BETWEEN :low AND :high",
        ExpressionAttributeNames={"#value": UNTOLD_SHARD, "#position": UNTOLD_POSITION},
        ExpressionAttributeValues={
            ":value": {"S": value},
            ":low": {"S": format_utc(start)},
            ":high": {"S": format_utc(end)},  # without "#": before every position of that moment
        },
        ProjectionExpression="#position",
        Limit=SHARD_PAGE,
    ):
        yield item[UNTOLD_POSITION]["S"]
