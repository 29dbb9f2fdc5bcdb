"""Reads the indexes of the read model: positions of orders, newest first, merged from the shards of a partition.

One walk reads one kind of partition: the rarest value that the query names (`partition_of`), or the days one after the
other, back to the oldest. Every shard is read in pages of 25 keys, the next only when the merge has used up the one
before.
Read cost: 8 queries (0.5 read units each) for a value or a day that has orders; 8 for each day without.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import Any

from chalicelib.adapters.dynamodb.orders.items import SHARDS, day_of, shard_value
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.dynamodb.tables import ORDERS_INDEXES, POSITION
from chalicelib.domain.cursors import bounds
from chalicelib.ports import OrderQuery

DEPENDENCY = "DynamoDB (orders)"
SHARD_PAGE = 25
MAX_DAYS = 62
"""Days looked through for one page. A longer gap without orders ends the page early; its cursor goes on."""

MAX_POSITIONS = 2_000
"""Positions looked at for one page: a filter that fits hardly any order ends the page early, in the same way."""


def partition_of(query: OrderQuery) -> tuple[str, str] | None:
    """The index and the value that leave the fewest orders to look at; None if the query names none."""
    named = (
        ("by_external_id", query.external_id),
        ("by_correlation", query.correlation_id),
        ("by_customer", query.customer_id),
        ("by_status", query.status),
        ("by_source", query.source),
    )
    return next(((index, value) for index, value in named if value is not None), None)


@dataclass(slots=True)
class OrderIndex:
    """One walk for one page. `reached`: every position from there on has been seen; `finished`: there are no more."""

    client: Any
    table: str
    newest_day: date
    oldest_day: date
    query: OrderQuery
    after: str
    max_positions: int = MAX_POSITIONS
    reached: str = ""
    finished: bool = False
    _positions: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.reached = self.after
        self._positions = islice(self._walk(), self.max_positions)

    def read(self, count: int) -> list[str]:
        """The next positions, newest first; none when the walk has ended, for good or for this page."""
        found = list(islice(self._positions, count))
        if found:
            self.reached = min(self.reached or found[-1], found[-1])
        return found

    def _walk(self) -> Iterator[str]:
        partition = partition_of(self.query)
        if partition is None:
            yield from self._days()
            return
        yield from self._partition(*partition)
        self.finished = True

    def _days(self) -> Iterator[str]:
        low, high = self._bounds()
        day = min(self.newest_day, date.fromisoformat(day_of(high)))
        oldest = max(self.oldest_day, date.fromisoformat(day_of(low)))
        for _ in range(MAX_DAYS):
            if day < oldest:
                break
            yield from self._partition("by_day", day.isoformat())
            self.reached = f"{day.isoformat()}T00:00:00.000000Z#"
            day -= timedelta(days=1)
        self.finished = day < oldest

    def _partition(self, index: str, value: str) -> Iterator[str]:
        shards = [self._shard(index, shard_value(value, shard)) for shard in range(SHARDS)]
        return heapq.merge(*shards, reverse=True)

    def _shard(self, index: str, value: str) -> Iterator[str]:
        low, high = self._bounds()
        if low > high:
            return
        for item in items(
            DEPENDENCY,
            self.client.query,
            TableName=self.table,
            IndexName=index,
            KeyConditionExpression="#value = :value AND #position BETWEEN :low AND :high",
            ExpressionAttributeNames={"#value": ORDERS_INDEXES[index], "#position": POSITION},
            ExpressionAttributeValues={":value": {"S": value}, ":low": {"S": low}, ":high": {"S": high}},
            ProjectionExpression="#position",
            ScanIndexForward=False,
            Limit=SHARD_PAGE,
        ):
            if item[POSITION]["S"] != self.after:  # BETWEEN includes its bounds
                yield item[POSITION]["S"]

    def _bounds(self) -> tuple[str, str]:
        return bounds(self.query.start, self.query.end, self.after)
