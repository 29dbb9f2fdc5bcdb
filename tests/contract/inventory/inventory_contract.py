"""What every inventory promises."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.domain.errors import InsufficientStock, VersionConflict
from chalicelib.domain.events import InventoryReleased, InventoryReserved, OrderValidated, RecordedEvent
from chalicelib.ports import Append, EventStore, Inventory
from tests.support.builders import append, received


def reserving(order_id: str = "o-1", version: int = 1, token: str = "reserve-1") -> Append:
    return append(InventoryReserved({}), order_id, version, token)


def releasing(order_id: str = "o-1", version: int = 2, token: str = "release-1") -> Append:
    return append(InventoryReleased({}), order_id, version, token)


def stock(inventory: Inventory, *skus: str) -> list[tuple[int | None, int]]:
    """(available, reserved) of each SKU."""
    return [(inventory.available(sku), inventory.reserved(sku)) for sku in skus]


def fill(inventory: Inventory, quantities: Mapping[str, int]) -> None:
    for sku, quantity in quantities.items():
        inventory.set_available(sku, quantity)


class InventoryContract:
    """Inherit, and override `events` and `adapter`, which must belong together.

    `orders` and `pieces` are the size of the rush for one SKU; `skus` is that of the large order, which must be more
    than two transactions take.
    """

    orders, pieces, threads = 100, 60, 16
    skus = 210

    @property
    def large(self) -> dict[str, int]:
        return {f"SKU-{number:03}": 1 + number % 3 for number in range(self.skus)}

    @property
    def some(self) -> list[str]:
        """SKUs of the large order from every part of it, the first and the last one too."""
        names = list(self.large)
        return sorted({*names[:: max(1, self.skus // 40)], names[-1]})

    @pytest.fixture
    def events(self) -> EventStore:
        raise NotImplementedError

    @pytest.fixture
    def adapter(self, events: EventStore) -> Inventory:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _order(self, events: EventStore) -> None:
        events.append(append(received(), "o-1"))

    def test_stock_taking(self, adapter: Inventory) -> None:
        assert stock(adapter, "A") == [(None, 0)]
        adapter.set_available("A", 5)
        assert stock(adapter, "A") == [(5, 0)]
        adapter.set_available("A", 0)
        assert stock(adapter, "A") == [(0, 0)]

    def test_a_reservation_moves_all_pieces_and_appends_the_event(self, adapter: Inventory, events: EventStore) -> None:
        fill(adapter, {"A": 5, "B": 2})
        recorded = adapter.reserve({"A": 3, "B": 2}, reserving())
        assert stock(adapter, "A", "B") == [(2, 3), (0, 2)]
        assert recorded.event == InventoryReserved({"A": 3, "B": 2}, chunks=1)
        assert events.load("o-1")[1:] == (recorded,)
        assert adapter.holds_anything("o-1")

    def test_stock_taking_keeps_what_is_reserved(self, adapter: Inventory) -> None:
        adapter.set_available("A", 5)
        adapter.reserve({"A": 3}, reserving())
        adapter.set_available("A", 9)
        assert stock(adapter, "A") == [(9, 3)]

    def test_a_shortage_takes_nothing_and_names_every_short_sku(self, adapter: Inventory, events: EventStore) -> None:
        fill(adapter, {"A": 5, "B": 2, "C": 7})
        with pytest.raises(InsufficientStock) as caught:
            adapter.reserve({"A": 6, "B": 2, "C": 8, "NEW": 1}, reserving())
        assert [(reason.code, reason.message) for reason in caught.value.reasons] == [
            ("insufficient_stock", "SKU A: 6 ordered, 5 available"),
            ("insufficient_stock", "SKU C: 8 ordered, 7 available"),
            ("insufficient_stock", "SKU NEW: 1 ordered, 0 available"),
        ]
        assert stock(adapter, "A", "B", "C") == [(5, 0), (2, 0), (7, 0)]
        assert len(events.load("o-1")) == 1
        assert not adapter.holds_anything("o-1")

    def test_after_a_shortage_the_order_can_still_be_reserved(self, adapter: Inventory) -> None:
        adapter.set_available("A", 1)
        with pytest.raises(InsufficientStock):
            adapter.reserve({"A": 2}, reserving())
        adapter.set_available("A", 2)
        adapter.reserve({"A": 2}, reserving(token="reserve-2"))
        assert stock(adapter, "A") == [(0, 2)]

    def test_the_same_reservation_repeated_counts_once(self, adapter: Inventory, events: EventStore) -> None:
        adapter.set_available("A", 5)
        first = adapter.reserve({"A": 5}, reserving())
        assert adapter.reserve({"A": 5}, reserving()) == first
        assert stock(adapter, "A") == [(0, 5)]
        assert len(events.load("o-1")) == 2

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_second_reservation_of_the_order_is_refused(self, adapter: Inventory, version: int) -> None:
        """By another attempt, whether it knows of the first one or not."""
        adapter.set_available("A", 9)
        adapter.reserve({"A": 3}, reserving())
        with pytest.raises(VersionConflict):
            adapter.reserve({"A": 3}, reserving(version=version, token="reserve-2"))
        assert stock(adapter, "A") == [(6, 3)]

    def test_a_reservation_that_the_order_has_left_behind_takes_nothing(
        self, adapter: Inventory, events: EventStore
    ) -> None:
        fill(adapter, self.large)
        events.append(append(OrderValidated({}), "o-1", 1, "other"))
        with pytest.raises(VersionConflict):
            adapter.reserve(self.large, reserving())
        assert not adapter.holds_anything("o-1")
        assert stock(adapter, *self.some) == [(self.large[sku], 0) for sku in self.some]

    @pytest.mark.parametrize("call", ["reserve", "release"])
    def test_no_change_leaves_a_gap_in_the_events(self, adapter: Inventory, events: EventStore, call: str) -> None:
        adapter.set_available("A", 5)
        calls = {
            "reserve": lambda: adapter.reserve({"A": 1}, reserving(version=3)),
            "release": lambda: adapter.release(releasing(version=3)),
        }
        with pytest.raises(VersionConflict):
            calls[call]()
        assert len(events.load("o-1")) == 1
        assert stock(adapter, "A") == [(5, 0)]

    def test_an_order_of_many_skus_is_reserved_and_released_whole(self, adapter: Inventory, events: EventStore) -> None:
        fill(adapter, dict.fromkeys(self.large, 10))
        recorded = adapter.reserve(self.large, reserving())
        assert isinstance(recorded.event, InventoryReserved)
        assert recorded.event.quantities == self.large
        assert stock(adapter, *self.some) == [(10 - self.large[sku], self.large[sku]) for sku in self.some]
        released = adapter.release(releasing())
        assert released.event == InventoryReleased(self.large)
        assert stock(adapter, *self.some) == [(10, 0)] * len(self.some)
        assert events.load("o-1")[1:] == (recorded, released)

    @pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
    def test_a_shortage_anywhere_in_many_skus_takes_nothing(self, adapter: Inventory, part: float) -> None:
        short = self.some[round(part * (len(self.some) - 1))]
        fill(adapter, dict.fromkeys(self.large, 10) | {short: 0})
        with pytest.raises(InsufficientStock, match=f"SKU {short}: {self.large[short]} ordered, 0 available"):
            adapter.reserve(self.large, reserving())
        assert stock(adapter, *self.some) == [(0 if sku == short else 10, 0) for sku in self.some]
        assert not adapter.holds_anything("o-1")

    def test_a_release_gives_everything_back_and_says_what(self, adapter: Inventory, events: EventStore) -> None:
        fill(adapter, {"A": 5, "B": 5})
        adapter.reserve({"A": 3, "B": 1}, reserving())
        released = adapter.release(releasing())
        assert released.event == InventoryReleased({"A": 3, "B": 1})
        assert events.load("o-1")[-1] == released
        assert stock(adapter, "A", "B") == [(5, 0), (5, 0)]
        assert not adapter.holds_anything("o-1")

    def test_a_revised_order_holds_stock_by_itself(self, adapter: Inventory, events: EventStore) -> None:
        """What was given back for good in the revision before can be taken in the next one, and given back again."""
        adapter.set_available("A", 5)
        adapter.reserve({"A": 3}, reserving())
        adapter.release(releasing())
        adapter.reserve({"A": 4}, reserving(version=3, token="reserve-2"), revision=2)
        assert stock(adapter, "A") == [(1, 4)]
        assert [adapter.holds_anything("o-1", revision) for revision in (1, 2)] == [False, True]
        released = adapter.release(releasing(version=4, token="release-2"), revision=2)
        assert released.event == InventoryReleased({"A": 4})
        assert stock(adapter, "A") == [(5, 0)]
        assert len(events.load("o-1")) == 5

    def test_an_order_of_many_skus_can_be_revised(self, adapter: Inventory) -> None:
        fill(adapter, dict.fromkeys(self.large, 10))
        adapter.reserve(self.large, reserving())
        adapter.release(releasing())
        adapter.reserve(self.large, reserving(version=3, token="reserve-2"), revision=2)
        assert stock(adapter, *self.some) == [(10 - self.large[sku], self.large[sku]) for sku in self.some]

    def test_the_same_release_repeated_gives_back_once(self, adapter: Inventory, events: EventStore) -> None:
        adapter.set_available("A", 5)
        adapter.reserve({"A": 3}, reserving())
        released = adapter.release(releasing())
        assert adapter.release(releasing()) == released
        with pytest.raises(VersionConflict):
            adapter.release(releasing(version=3, token="release-2"))
        assert stock(adapter, "A") == [(5, 0)]
        assert len(events.load("o-1")) == 3

    @pytest.mark.parametrize("reserved_before", [True, False])
    def test_after_a_release_nothing_can_be_taken(self, adapter: Inventory, reserved_before: bool) -> None:
        """Not by a zombie, and not by one that has seen the release."""
        adapter.set_available("A", 5)
        version = 1
        if reserved_before:
            adapter.reserve({"A": 3}, reserving())
            version = 2
        assert adapter.release(releasing(version=version)).sequence == version + 1
        for expected in range(1, version + 2):
            with pytest.raises(VersionConflict):
                adapter.reserve({"A": 3}, reserving(version=expected, token="zombie"))
        assert stock(adapter, "A") == [(5, 0)]
        assert not adapter.holds_anything("o-1")

    def test_the_release_of_one_order_leaves_the_others_alone(self, adapter: Inventory, events: EventStore) -> None:
        events.append(append(received(), "o-2"))
        adapter.set_available("A", 5)
        adapter.reserve({"A": 2}, reserving("o-1"))
        adapter.reserve({"A": 3}, reserving("o-2"))
        adapter.release(releasing("o-1"))
        assert stock(adapter, "A") == [(2, 3)]
        assert [adapter.holds_anything(order_id) for order_id in ("o-1", "o-2")] == [False, True]

    def test_a_rush_for_one_sku_reserves_exactly_what_is_there(self, adapter: Inventory, events: EventStore) -> None:
        adapter.set_available("HOT", self.pieces)
        names = [f"o-rush-{number}" for number in range(self.orders)]
        for name in names:
            events.append(append(received(), name))
        with ThreadPoolExecutor(self.threads) as pool:
            results = list(pool.map(lambda name: _try_to_reserve(adapter, {"HOT": 1}, name), names))
        assert sum(result is not None for result in results) == self.pieces
        assert stock(adapter, "HOT") == [(0, self.pieces)]
        for name, result in zip(names, results, strict=True):
            assert adapter.holds_anything(name) == (result is not None) == (len(events.load(name)) == 2)


def _try_to_reserve(inventory: Inventory, quantities: Mapping[str, int], order_id: str) -> RecordedEvent | None:
    try:
        return inventory.reserve(quantities, reserving(order_id))
    except InsufficientStock:
        return None
