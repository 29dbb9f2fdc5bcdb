"""Both ways to read first events keep the contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.events.first_events import DynamoDbFirstEvents, LoadedFirstEvents
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, SequentialIds
from chalicelib.ports import EventStore
from poller.reconciliation import FirstEvents
from tests.contract.events.first_events_contract import FirstEventsContract
from tests.support.aws import SETTINGS, moto_dynamodb


class TestLoadedFirstEvents(FirstEventsContract):
    @pytest.fixture
    def stores(self) -> tuple[EventStore, FirstEvents]:
        events = MemoryEventStore()
        return events, LoadedFirstEvents(events)


class TestDynamoDbFirstEvents(FirstEventsContract):
    @pytest.fixture
    def stores(self) -> Iterator[tuple[EventStore, FirstEvents]]:
        with moto_dynamodb() as client:
            table = SETTINGS.name("events")
            yield (
                DynamoDbEventStore(client, table),
                DynamoDbFirstEvents(client, table, FixedClock(), SequentialIds()),
            )
