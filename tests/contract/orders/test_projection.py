"""The projection's contract, kept in memory and on DynamoDB (moto, and the local AWS)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.orders import index
from chalicelib.adapters.dynamodb.orders.items import SHARDS
from chalicelib.adapters.dynamodb.orders.projection import DynamoDbProjection
from chalicelib.adapters.memory import FixedClock, MemoryProjection, SequentialIds
from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.state import Status
from chalicelib.ports import OrderQuery, Projection
from local.emulator.aws import LocalAws
from tests.contract.orders.projection_contract import ProjectionContract, at, listed, put
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import NOW, row
from tests.support.faults.faults import HookedClient
from tests.support.local_aws import client_with_tables

TABLE = SETTINGS.name("orders")


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


def projection(client: Any, table: str = TABLE) -> DynamoDbProjection:
    return DynamoDbProjection(client, table, FixedClock(NOW), SequentialIds())


class TestMemoryProjection(ProjectionContract):
    @pytest.fixture
    def adapter(self) -> Projection:
        return MemoryProjection()


class TestDynamoDbProjection(ProjectionContract):
    @pytest.fixture
    def adapter(self, client: Any) -> Projection:
        return projection(client)


class TestDynamoDbProjectionOnLocalAws(ProjectionContract):
    @pytest.fixture
    def adapter(self, local_aws: LocalAws) -> Projection:
        client, settings = client_with_tables(local_aws)
        return projection(client, settings.name("orders"))


def test_a_page_costs_one_query_for_each_shard_and_one_batch(client: Any) -> None:
    put(projection(client), *(at(minutes) for minutes in range(60)))
    by_day, by_status, by_source = OrderQuery(), OrderQuery(status=Status.RECEIVED), OrderQuery(source="sap-emea")
    for query, first in ((by_day, ["get_item"]), (by_status, []), (by_source, [])):  # by day: where does it end?
        counting = HookedClient(client)
        assert len(projection(counting).query(query).rows) == 50
        assert counting.calls == [*first, *["query"] * SHARDS, "batch_get_item"]


def test_a_put_in_a_warm_process_is_one_write(client: Any) -> None:
    counting = HookedClient(client)
    warm = projection(counting)
    warm.put(row("o-1"))
    counting.calls.clear()
    warm.put(row("o-2"))
    warm.put(row("o-2", version=2, status=Status.VALIDATED))
    assert counting.calls == ["put_item", "put_item"]


def test_the_rows_of_a_day_are_spread_over_all_shards(client: Any) -> None:
    put(projection(client), *(at(minutes) for minutes in range(100)))
    shards = {item["day_shard"]["S"] for item in client.scan(TableName=TABLE)["Items"] if "day_shard" in item}
    assert len(shards) == SHARDS


def test_a_gap_longer_than_one_page_looks_through_ends_the_page_early(client: Any) -> None:
    adapter = projection(client)
    rows = put(adapter, at(0), at(60 * 24 * (index.MAX_DAYS + 10)))
    page = adapter.query(OrderQuery())
    assert page.rows == (rows[0],)
    assert page.cursor
    assert adapter.query(OrderQuery(cursor=page.cursor)).rows == (rows[1],)


def test_a_filter_that_fits_hardly_any_order_ends_the_page_early(client: Any) -> None:
    counting = HookedClient(client)
    adapter = DynamoDbProjection(counting, TABLE, FixedClock(NOW), SequentialIds(), positions_per_page=20)
    put(adapter, *(at(minutes) for minutes in range(30)), at(99, source="rare"))
    counting.calls.clear()
    page = adapter.query(OrderQuery(status=Status.RECEIVED, source="rare", limit=5))
    assert page.rows == ()
    assert page.cursor
    assert counting.calls == ["query"] * SHARDS + ["batch_get_item"] * 2
    assert listed(adapter, status=Status.RECEIVED, source="rare") == [at(99, source="rare")]


def test_a_row_that_lags_in_its_index_is_shown_only_where_it_belongs(client: Any) -> None:
    """The row says VALIDATED already; the index still has it under RECEIVED."""
    adapter = projection(client)
    adapter.put(row())
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "o-1"}},
        UpdateExpression="SET #data = :newer",
        ExpressionAttributeNames={"#data": "data"},
        ExpressionAttributeValues={":newer": {"S": _data(client, row("o-2", status=Status.VALIDATED))}},
    )
    assert listed(adapter, status=Status.RECEIVED) == []


def test_a_row_that_cannot_be_read_is_named_and_can_be_replaced(client: Any) -> None:
    adapter = projection(client)
    client.put_item(TableName=TABLE, Item={"pk": {"S": "o-1"}, "version": {"N": "1"}, "data": {"S": "{}"}})
    with pytest.raises(CorruptHistory, match="the row of order o-1"):
        adapter.get("o-1")
    assert list(adapter.order_ids()) == ["o-1"]
    assert adapter.put(row())
    assert adapter.get("o-1") == row()


def test_an_order_from_a_clock_that_runs_ahead_is_listed(client: Any) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    just_before = FixedClock(midnight - timedelta(seconds=2))
    adapter = DynamoDbProjection(client, TABLE, just_before, SequentialIds())
    ahead = row(received_at=midnight + timedelta(seconds=2))
    adapter.put(ahead)
    assert listed(adapter) == [ahead]


def test_a_second_process_lists_what_is_older_than_anything_it_has_stored(client: Any) -> None:
    newer, older = projection(client), projection(client)
    newer.put(at(0))
    older.put(at(60 * 24 * 9))
    newer.put(replace(at(60 * 24 * 3), version=2))
    assert len(listed(newer)) == len(listed(projection(client))) == 3


def _data(client: Any, other: Any) -> str:
    projection(client).put(other)
    return str(client.get_item(TableName=TABLE, Key={"pk": {"S": other.order_id}})["Item"]["data"]["S"])


@pytest.mark.parametrize("queries", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_both_projections_answer_any_query_alike(local_aws: LocalAws, queries: int) -> None:
    client, settings = client_with_tables(local_aws)
    seeded, fake, adapter = random.Random(5), MemoryProjection(), projection(client, settings.name("orders"))
    for number in range(80):
        one = row(
            f"o-{number}",
            status=seeded.choice(list(Status)),
            source=seeded.choice(["sap", "sap-emea"]),
            received_at=NOW - timedelta(minutes=seeded.randrange(0, 4000, 50)),
        )
        fake.put(one)
        adapter.put(one)
    for _ in range(queries):
        start, end = (NOW - timedelta(minutes=seeded.randrange(0, 4000, 50)) for _ in range(2))
        query = {
            "status": seeded.choice([None, *Status]),
            "source": seeded.choice([None, "sap", "sap-emea"]),
            "start": seeded.choice([None, start]),
            "end": seeded.choice([None, end]),
            "limit": seeded.randint(1, 30),
        }
        assert listed(adapter, **query) == listed(fake, **query), query
