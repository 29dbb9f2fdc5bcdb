"""The read model on DynamoDB: a row per order, and lists of them through sharded indexes (`index.py`).

A page of 50 costs 8 index queries and one batch of strongly consistent reads (51 read units); by day, one read more,
and 8 queries more for each day without orders that is passed.

The indexes follow the table after some milliseconds and tell only where to look: what is returned, and whether it fits
the filter, is decided on the row. An order whose status is changing may be missing for a moment; none is shown with a
status that it does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.adapters.dynamodb.batch_get import MAX_KEYS, batch_get
from chalicelib.adapters.dynamodb.conditional import write_if
from chalicelib.adapters.dynamodb.orders.index import DEPENDENCY, MAX_POSITIONS, OrderIndex, partition_of
from chalicelib.adapters.dynamodb.orders.items import day_of, row_key, row_of, to_item
from chalicelib.adapters.dynamodb.pages import items
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.cursors import decode_cursor, encode_cursor
from chalicelib.domain.timestamps import format_utc
from chalicelib.ports import Clock, Ids, OrderPage, OrderQuery, OrderRow
from chalicelib.read_model.listing import matches, position

OLDEST = "#oldest"
"""Key of the one item that is not a row: the oldest day of any row, at which a walk over the days ends."""

CLOCK_SKEW = timedelta(minutes=5)


@dataclass(slots=True)
class DynamoDbProjection:
    """Table `orders`. An order from a clock more than `CLOCK_SKEW` ahead of ours is not yet listed by day."""

    client: Any
    table: str
    clock: Clock
    ids: Ids
    positions_per_page: int = MAX_POSITIONS
    _oldest_known: str = field(default="", init=False, repr=False)

    def put(self, row: OrderRow) -> bool:
        self._note_day(day_of(format_utc(row.received_at)))
        return self._put_if(
            "version <= :version",
            Item=to_item(row),
            ExpressionAttributeValues={":version": {"N": str(row.version)}},
        )

    def remove(self, order_id: str) -> None:
        with aws_errors_translated(DEPENDENCY):
            self.client.delete_item(TableName=self.table, Key=row_key(order_id))

    def get(self, order_id: str) -> OrderRow | None:
        item = self._item(order_id)
        return row_of(item) if item else None

    def query(self, query: OrderQuery) -> OrderPage:
        assert query.limit > 0
        index = self._index(query, decode_cursor(query.cursor))
        rows: list[OrderRow] = []
        wanted = query.limit + 1
        while len(rows) <= query.limit:
            positions = index.read(wanted)
            if not positions:
                break
            wanted = MAX_KEYS  # the filter drops some: from now on look at more of them at a time
            rows += [row for row in self._rows(positions) if matches(row, query)]
        if len(rows) > query.limit:
            return OrderPage(tuple(rows[: query.limit]), encode_cursor(position(rows[query.limit - 1])))
        return OrderPage(tuple(rows), "" if index.finished else encode_cursor(index.reached))

    def order_ids(self) -> Iterator[str]:
        """Reads, and pays for, the whole table."""
        scan = {"TableName": self.table, "ProjectionExpression": "pk", "ConsistentRead": True}
        for item in items(DEPENDENCY, self.client.scan, **scan):
            if item["pk"]["S"] != OLDEST:
                yield item["pk"]["S"]

    def _rows(self, positions: list[str]) -> list[OrderRow]:
        """In the order of the positions; those that were removed meanwhile are missing."""
        keys = [row_key(place.partition("#")[2]) for place in positions]
        backoff = Backoff(self.clock, self.ids, "the list of orders")
        rows = {row.order_id: row for row in map(row_of, batch_get(self.client, self.table, keys, backoff))}
        return sorted(rows.values(), key=position, reverse=True)

    def _index(self, query: OrderQuery, after: str) -> OrderIndex:
        newest = (self.clock.now() + CLOCK_SKEW).date()
        walks_days = partition_of(query) is None
        oldest = date.fromisoformat(self._oldest() or newest.isoformat()) if walks_days else newest
        return OrderIndex(self.client, self.table, newest, oldest, query, after, self.positions_per_page)

    def _note_day(self, day: str) -> None:
        """Keep the oldest day, before the row is there. A read per process, then a write only for an older day."""
        self._oldest_known = self._oldest_known or self._oldest()
        if not self._oldest_known or day < self._oldest_known:
            self._put_if(
                "oldest_day > :day",
                Item={**row_key(OLDEST), "oldest_day": {"S": day}},
                ExpressionAttributeValues={":day": {"S": day}},
            )
            self._oldest_known = day

    def _oldest(self) -> str:
        return str(self._item(OLDEST).get("oldest_day", {}).get("S", ""))

    def _item(self, key: str) -> dict[str, Any]:
        with aws_errors_translated(DEPENDENCY):
            answer = self.client.get_item(TableName=self.table, Key=row_key(key), ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _put_if(self, condition: str, **put: Any) -> bool:
        """Store the item if there is none yet, or if the condition holds for the one that is there; whether it did."""
        either = f"attribute_not_exists(pk) OR {condition}"
        return write_if(DEPENDENCY, self.client.put_item, TableName=self.table, ConditionExpression=either, **put).done
