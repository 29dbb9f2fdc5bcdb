"""Two late calls for one order, each in several transactions, in every order in which those can arrive.

Late: both have read the reservation before the other one wrote. Not a piece may be taken twice, or lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import comb
from typing import Any

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.inventory import DynamoDbInventory
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.domain.errors import OrderbridgeError, VersionConflict
from chalicelib.domain.events import Event, InventoryReleased, InventoryReserved, RecordedEvent
from chalicelib.ports import Append
from tests.support.builders import append, received
from tests.support.faults.faults import HookedClient
from tests.support.faults.interleave import interleave
from tests.support.tiny_dynamodb import TinyDynamoDb

WANTED = {"A": 1, "B": 2, "C": 3, "D": 4}
"""Four transactions: one SKU fits into each."""

FULL = 10
RESERVED = {sku: (FULL - quantity, quantity) for sku, quantity in WANTED.items()}
UNTOUCHED = dict.fromkeys(WANTED, (FULL, 0))

Actor = Callable[["Stock", Any], object]


class Stock:
    """One order for WANTED and FULL pieces of each; every method is a process of its own."""

    tokens = SequentialIds()

    def __init__(self, reserved: bool) -> None:
        self.client, self.version = TinyDynamoDb(), 1
        self._events(self.client).append(append(received(), "o-1"))
        for sku in WANTED:
            self._inventory(self.client).set_available(sku, FULL)
        if reserved:
            self.reserve(self.client)
            self.version = 2

    def reserve(self, client: Any) -> object:
        return self._inventory(client).reserve(WANTED, self._append(InventoryReserved({})))

    def release(self, client: Any) -> object:
        return self._inventory(client).release(self._append(InventoryReleased({})))

    def history(self) -> list[Event]:
        """What was appended since the order stood at `version`."""
        return [recorded.event for recorded in self._events(self.client).load("o-1")[self.version :]]

    def shelf(self) -> dict[str, tuple[int | None, int]]:
        """SKU -> available and reserved pieces."""
        inventory = self._inventory(self.client)
        return {sku: (inventory.available(sku), inventory.reserved(sku)) for sku in WANTED}

    def _events(self, client: Any) -> DynamoDbEventStore:
        return DynamoDbEventStore(client, "events")

    def _inventory(self, client: Any) -> DynamoDbInventory:
        ids, clock = SequentialIds(), FixedClock()
        return DynamoDbInventory(client, "inventory", self._events(client), clock, ids, skus_per_transaction=1)

    def _append(self, event: Event) -> Append:
        return append(event, "o-1", self.version, self.tokens.token())


def calls_of(actor: Actor, reserved: bool) -> tuple[int, int]:
    """Of one that is alone: those before its first transaction, and its transactions."""
    stock = Stock(reserved)
    hooked = HookedClient(stock.client)
    actor(stock, hooked)
    return hooked.calls.index("transact_write_items"), hooked.calls.count("transact_write_items")


def schedules(first: int, second: int) -> Iterator[list[int]]:
    """Every order of so many steps of the first and of the second."""
    if not first or not second:
        yield [0] * first + [1] * second
        return
    yield from ([0, *rest] for rest in schedules(first - 1, second))
    yield from ([1, *rest] for rest in schedules(first, second - 1))


def both_late(one: Actor, other: Actor, reserved: bool, expected: int) -> Iterator[tuple[Stock, list[object]]]:
    """The stock and the outcomes after each schedule, of which there must be as many as `expected`."""
    (reads, writes), (other_reads, other_writes) = calls_of(one, reserved), calls_of(other, reserved)
    begin = [0] * (reads + 1) + [1] * (other_reads + 1)  # each stands before its first transaction
    count = 0
    for schedule in schedules(writes, other_writes):
        stock = Stock(reserved)
        outcomes = interleave(stock.client, [partial(one, stock), partial(other, stock)], iter([*begin, *schedule]))
        assert all(not isinstance(found, Exception) or isinstance(found, OrderbridgeError) for found in outcomes)
        yield stock, outcomes
        count += 1
    assert count == expected


def test_two_reservations_take_every_piece_once() -> None:
    for stock, _ in both_late(Stock.reserve, Stock.reserve, reserved=False, expected=comb(8, 4)):
        [event] = stock.history()
        assert isinstance(event, InventoryReserved)
        assert event.quantities == WANTED
        assert stock.shelf() == RESERVED


def test_two_releases_give_every_piece_back_once() -> None:
    for stock, _ in both_late(Stock.release, Stock.release, reserved=True, expected=comb(8, 4)):
        assert stock.history() == [InventoryReleased(WANTED)]
        assert stock.shelf() == UNTOUCHED


def test_a_reservation_and_the_release_of_what_is_not_reserved_yet_end_with_all_or_nothing_taken() -> None:
    seen = set()
    for stock, (reservation, release) in both_late(Stock.reserve, Stock.release, reserved=False, expected=comb(5, 1)):
        [event] = stock.history()
        seen.add(type(event))
        won, lost = (reservation, release) if isinstance(event, InventoryReserved) else (release, reservation)
        assert isinstance(won, RecordedEvent)
        assert isinstance(lost, VersionConflict)
        assert stock.shelf() == (RESERVED if isinstance(event, InventoryReserved) else UNTOUCHED)
    assert seen == {InventoryReserved, InventoryReleased}
