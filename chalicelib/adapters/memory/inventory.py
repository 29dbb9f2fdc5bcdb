"""Stock and reservations in memory: all lines and the event under one lock, as DynamoDB does it in transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.adapters.memory.event_store import MemoryEventStore
from chalicelib.domain.errors import InsufficientStock, VersionConflict
from chalicelib.domain.events import InventoryReleased, InventoryReserved, RecordedEvent
from chalicelib.domain.ids import revision_key
from chalicelib.domain.reservation import Reservation, ReservationState, shortages
from chalicelib.ports import Append


@dataclass(slots=True)
class Stock:
    """Pieces of one SKU: those that can be reserved, and those that are."""

    available: int = 0
    reserved: int = 0


class MemoryInventory:
    """Shares the lock of its event store."""

    def __init__(self, events: MemoryEventStore) -> None:
        self._events = events
        self._stocks: dict[str, Stock] = {}
        self._reservations: dict[str, Reservation] = {}

    def reserve(self, quantities: Mapping[str, int], append: Append, revision: int = 1) -> RecordedEvent:
        assert isinstance(append.event, InventoryReserved)
        with self._events.lock:
            stored = self._events.stored(append)
            if stored is not None:
                return stored
            reservation = self._reservation(revision_key(append.order_id, revision))
            if not reservation.can_take:
                raise VersionConflict(append.order_id, append.expected_version)
            short = shortages(quantities, {sku: self.available(sku) for sku in quantities})
            if short:
                raise InsufficientStock(*short)
            taken = reservation.take(quantities, completes=True)
            for sku, pieces in quantities.items():
                self._move(sku, pieces)
            self._reservations[taken.holder] = taken
            return self._events.append(replace(append, event=InventoryReserved(dict(quantities), taken.chunks)))

    def release(self, append: Append, revision: int = 1) -> RecordedEvent:
        assert isinstance(append.event, InventoryReleased)
        with self._events.lock:
            stored = self._events.stored(append)
            if stored is not None:
                return stored
            reservation = self._reservation(revision_key(append.order_id, revision))
            if reservation.state is ReservationState.RELEASED:
                raise VersionConflict(append.order_id, append.expected_version)
            for sku, pieces in reservation.held.items():
                self._move(sku, -pieces)
            released = reservation.give_back(reservation.held)
            self._reservations[released.holder] = released
            return self._events.append(
                replace(append, event=InventoryReleased(dict(sorted(released.returned.items()))))
            )

    def holds_anything(self, order_id: str, revision: int = 1) -> bool:
        with self._events.lock:
            return bool(self._reservation(revision_key(order_id, revision)).held)

    def available(self, sku: str) -> int | None:
        with self._events.lock:
            stock = self._stocks.get(sku)
            return stock.available if stock else None

    def reserved(self, sku: str) -> int:
        with self._events.lock:
            return self._stocks[sku].reserved if sku in self._stocks else 0

    def set_available(self, sku: str, quantity: int) -> None:
        assert quantity >= 0
        with self._events.lock:
            self._stocks.setdefault(sku, Stock()).available = quantity

    def _reservation(self, holder: str) -> Reservation:
        return self._reservations.get(holder) or Reservation(holder)

    def _move(self, sku: str, pieces: int) -> None:
        stock = self._stocks[sku]
        stock.available -= pieces
        stock.reserved += pieces
