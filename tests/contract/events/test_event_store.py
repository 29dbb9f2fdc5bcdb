"""The event store's contract, kept in memory and on DynamoDB (moto, and the local AWS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.memory import MemoryEventStore
from chalicelib.domain.errors import CorruptHistory, DependencyTimeout, Misconfigured, VersionConflict
from chalicelib.domain.events import OrderValidated
from chalicelib.ports import EventStore
from local.emulator.aws import LocalAws
from tests.contract.events.event_store_contract import EventStoreContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import append, received
from tests.support.faults.faults import HookedClient, lose_answers
from tests.support.local_aws import client_with_tables

TABLE = SETTINGS.name("events")


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


class TestMemoryEventStore(EventStoreContract):
    @pytest.fixture
    def adapter(self) -> EventStore:
        return MemoryEventStore()


class TestDynamoDbEventStore(EventStoreContract):
    parallel = False  # moto's conditional put is not atomic between threads; the local AWS shows it

    @pytest.fixture
    def adapter(self, client: Any) -> EventStore:
        return DynamoDbEventStore(client, TABLE)


class TestDynamoDbEventStoreOnLocalAws(EventStoreContract):
    @pytest.fixture
    def adapter(self, local_aws: LocalAws) -> EventStore:
        client, settings = client_with_tables(local_aws)
        return DynamoDbEventStore(client, settings.name("events"))


def test_an_append_whose_answer_was_lost_is_stored_once_when_the_sdk_repeats_it(client: Any) -> None:
    store = DynamoDbEventStore(client, TABLE)
    lose_answers(client, "PutItem", 1)
    stored = store.append(append(received()))
    assert DynamoDbEventStore(client, TABLE).load("o-1") == (stored,)


def test_an_append_whose_answer_was_lost_is_stored_once_when_the_caller_repeats_it() -> None:
    with moto_dynamodb(attempts=1) as client:
        store = DynamoDbEventStore(client, TABLE)
        lose_answers(client, "PutItem", 1)
        with pytest.raises(DependencyTimeout, match="did not answer"):
            store.append(append(received()))
        stored = store.append(append(received()))
        assert DynamoDbEventStore(client, TABLE).load("o-1") == (stored,)


def test_a_gap_is_refused_by_a_process_that_has_not_seen_the_order(client: Any) -> None:
    DynamoDbEventStore(client, TABLE).append(append(received()))
    with pytest.raises(VersionConflict):
        DynamoDbEventStore(client, TABLE).append(append(OrderValidated({}), expected_version=2))
    assert DynamoDbEventStore(client, TABLE).append(append(OrderValidated({}), expected_version=1)).sequence == 2


def test_appending_after_a_load_costs_one_request(client: Any) -> None:
    DynamoDbEventStore(client, TABLE).append(append(received()))
    counting = HookedClient(client)
    store = DynamoDbEventStore(counting, TABLE)
    store.load("o-1")
    store.append(append(OrderValidated({}), expected_version=1))
    store.append(append(OrderValidated({}), expected_version=2))
    assert counting.calls == ["query", "put_item", "put_item"]


def test_a_missing_table_is_named_as_a_mistake_of_the_setup(client: Any) -> None:
    with pytest.raises(Misconfigured, match="ResourceNotFoundException"):
        DynamoDbEventStore(client, "orderbridge-gone-events").load("o-1")


def test_a_damaged_event_is_named_when_it_is_loaded(client: Any) -> None:
    store = DynamoDbEventStore(client, TABLE)
    store.append(append(received()))
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "ORDER#o-1"}, "sk": {"S": "EVENT#00000001"}},
        UpdateExpression="SET #data = :broken",
        ExpressionAttributeNames={"#data": "data"},
        ExpressionAttributeValues={":broken": {"S": "{}"}},
    )
    with pytest.raises(CorruptHistory, match="order o-1, event 1"):
        store.load("o-1")
