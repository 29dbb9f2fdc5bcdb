"""The inventory's contract, kept in memory and on DynamoDB (moto, a dictionary, and the local AWS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.inventory import DynamoDbInventory
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryInventory, SequentialIds
from chalicelib.adapters.system import SystemClock
from chalicelib.ports import EventStore, Inventory
from chalicelib.settings import Settings
from local.emulator.aws import LocalAws
from tests.contract.inventory.inventory_contract import InventoryContract
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.local_aws import client_with_tables
from tests.support.tiny_dynamodb import TinyDynamoDb


class TestMemoryInventory(InventoryContract):
    @pytest.fixture
    def events(self) -> EventStore:
        return MemoryEventStore()

    @pytest.fixture
    def adapter(self, events: EventStore) -> Inventory:
        assert isinstance(events, MemoryEventStore)
        return MemoryInventory(events)


class TestDynamoDbInventory(InventoryContract):
    """With few SKUs: moto's transactions are slow. What 100 actions in one are like, the local AWS shows."""

    orders, pieces, threads = 10, 6, 1  # nor are they atomic between threads
    skus, skus_per_transaction = 7, 3

    @pytest.fixture
    def client(self) -> Iterator[Any]:
        with moto_dynamodb() as client:
            yield client

    @pytest.fixture
    def events(self, client: Any) -> EventStore:
        return DynamoDbEventStore(client, SETTINGS.name("events"))

    @pytest.fixture
    def adapter(self, client: Any, events: DynamoDbEventStore) -> Inventory:
        table, few = SETTINGS.name("inventory"), self.skus_per_transaction
        return DynamoDbInventory(client, table, events, FixedClock(), SequentialIds(), few)


class TestDynamoDbInventoryOnTinyDynamoDb(InventoryContract):
    """Shows that this stand-in answers like DynamoDB, so that what is tested on it counts."""

    orders, pieces, threads = 100, 60, 1

    @pytest.fixture
    def client(self) -> Any:
        return TinyDynamoDb()

    @pytest.fixture
    def events(self, client: Any) -> EventStore:
        return DynamoDbEventStore(client, "events")

    @pytest.fixture
    def adapter(self, client: Any, events: DynamoDbEventStore) -> Inventory:
        return DynamoDbInventory(client, "inventory", events, FixedClock(), SequentialIds())


class TestDynamoDbInventoryOnLocalAws(InventoryContract):
    @pytest.fixture
    def tables(self, local_aws: LocalAws) -> tuple[Any, Settings]:
        return client_with_tables(local_aws)

    @pytest.fixture
    def events(self, tables: tuple[Any, Settings]) -> EventStore:
        client, settings = tables
        return DynamoDbEventStore(client, settings.name("events"))

    @pytest.fixture
    def adapter(self, tables: tuple[Any, Settings], events: DynamoDbEventStore) -> Inventory:
        client, settings = tables
        return DynamoDbInventory(client, settings.name("inventory"), events, SystemClock(), SequentialIds())
