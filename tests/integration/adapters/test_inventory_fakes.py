"""The inventory in memory and the one on DynamoDB answer any sequence of calls alike, and never lose a piece.

On the dictionary that passes the inventory's contract; the slow form does the same on moto.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.inventory import DynamoDbInventory
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryInventory, SequentialIds
from chalicelib.domain.errors import InsufficientStock, OrderbridgeError
from chalicelib.domain.events import Event, InventoryReleased, InventoryReserved, OrderValidated, RecordedEvent
from chalicelib.ports import Append, EventStore, Inventory
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import append, received
from tests.support.examples import dear
from tests.support.tiny_dynamodb import TinyDynamoDb

SKUS = ("A", "B", "C", "D")
ORDERS = ("o-1", "o-2", "o-3")
Call = Callable[[Inventory, EventStore], RecordedEvent]


class InventoryFakes(RuleBasedStateMachine):
    """Every rule does the same to both; two SKUs fit into one transaction."""

    orders = st.sampled_from(ORDERS)
    quantities = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1)

    database: Callable[[], AbstractContextManager[Any]] = staticmethod(lambda: nullcontext(TinyDynamoDb()))

    def __init__(self) -> None:
        super().__init__()
        self._exit = ExitStack()
        client = self._exit.enter_context(self.database())
        memory, store = MemoryEventStore(), DynamoDbEventStore(client, SETTINGS.name("events"))
        dynamodb = DynamoDbInventory(
            client, SETTINGS.name("inventory"), store, FixedClock(), SequentialIds(), skus_per_transaction=2
        )
        self.fakes: list[tuple[Inventory, EventStore]] = [(MemoryInventory(memory), memory), (dynamodb, store)]
        self.tokens = SequentialIds()
        self.calls: list[Call] = []
        self.total: Counter[str] = Counter()

    def teardown(self) -> None:
        self._exit.close()

    @initialize()
    def orders_arrive(self) -> None:
        for _, events in self.fakes:
            for order_id in ORDERS:
                events.append(append(received(), order_id))

    @rule(sku=st.sampled_from(SKUS), quantity=st.integers(0, 9))
    def stock_is_counted(self, sku: str, quantity: int) -> None:
        for inventory, _ in self.fakes:
            inventory.set_available(sku, quantity)
        self.total[sku] = quantity + self.fakes[0][0].reserved(sku)

    @rule(order_id=orders, wanted=quantities, behind=st.integers(0, 1))
    def reserve(self, order_id: str, wanted: dict[str, int], behind: int) -> None:
        pending = self._append(order_id, InventoryReserved({}), behind)
        self._both(lambda inventory, _: inventory.reserve(wanted, pending))

    @rule(order_id=orders, behind=st.integers(0, 1))
    def release(self, order_id: str, behind: int) -> None:
        pending = self._append(order_id, InventoryReleased({}), behind)
        self._both(lambda inventory, _: inventory.release(pending))

    @rule(order_id=orders)
    def something_else_happens(self, order_id: str) -> None:
        pending = self._append(order_id, OrderValidated({}), 0)
        self._both(lambda _, events: events.append(pending))

    @rule(which=st.integers(0, 50))
    def an_earlier_call_is_repeated(self, which: int) -> None:
        if self.calls:
            self._both(self.calls[which % len(self.calls)])

    @invariant()
    def no_piece_is_lost_and_both_agree(self) -> None:
        (memory, memory_events), (dynamodb, dynamodb_events) = self.fakes
        for sku in SKUS:
            assert memory.available(sku) == dynamodb.available(sku)
            assert memory.reserved(sku) == dynamodb.reserved(sku)
            assert (memory.available(sku) or 0) + memory.reserved(sku) == self.total[sku]
        for order_id in ORDERS:
            assert memory.holds_anything(order_id) == dynamodb.holds_anything(order_id)
            stored = [*map(_comparable, dynamodb_events.load(order_id))]
            assert stored == [*map(_comparable, memory_events.load(order_id))]

    def _append(self, order_id: str, event: Event, behind: int) -> Append:
        version = len(self.fakes[0][1].load(order_id))
        return append(event, order_id, max(0, version - behind), self.tokens.token())

    def _both(self, call: Call) -> None:
        self.calls.append(call)
        first, second = (_outcome(call, *fake) for fake in self.fakes)
        assert first == second


def _outcome(call: Call, inventory: Inventory, events: EventStore) -> object:
    try:
        return _comparable(call(inventory, events))
    except InsufficientStock as error:
        return error.reasons
    except OrderbridgeError as error:
        return str(error)


def _comparable(recorded: RecordedEvent) -> RecordedEvent:
    """Memory needs one transaction for everything."""
    if isinstance(recorded.event, InventoryReserved):
        return replace(recorded, event=replace(recorded.event, chunks=1))
    return recorded


class InventoryFakesOnMoto(InventoryFakes):
    database = staticmethod(moto_dynamodb)


TestInventoryFakes = InventoryFakes.TestCase
TestInventoryFakes.settings = settings(stateful_step_count=12)
TestInventoryFakesOnMoto = pytest.mark.slow(InventoryFakesOnMoto.TestCase)
TestInventoryFakesOnMoto.settings = dear(5, stateful_step_count=12)
