"""Stock and reservations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chalicelib.domain.events import RecordedEvent
from chalicelib.ports.event_store import Append


class Inventory(Protocol):
    """Stock per SKU and the reservations of orders.

    The event is stored with the stock's change in one transaction, or not at all. Each `revision` of an order holds
    stock by itself: what was released for one of them can be reserved for the next.
    """

    def reserve(self, quantities: Mapping[str, int], append: Append, revision: int = 1) -> RecordedEvent:
        """Take all quantities or none, and append InventoryReserved. Safe to repeat.

        Raises InsufficientStock naming every short SKU, VersionConflict, Contention, DependencyUnavailable.
        """
        ...

    def release(self, append: Append, revision: int = 1) -> RecordedEvent:
        """Give back whatever the order holds, also of an unfinished reserve(), and append InventoryReleased.

        The event's quantities are replaced by what was really given back. After it, reserve() for the same revision
        can no longer take anything. Raises VersionConflict, Contention, DependencyUnavailable.
        """
        ...

    def holds_anything(self, order_id: str, revision: int = 1) -> bool:
        """Whether any stock is set aside for that revision of the order, also by an unfinished reserve()."""
        ...

    def available(self, sku: str) -> int | None:
        """Pieces that can be reserved now; None for an unknown SKU."""
        ...

    def reserved(self, sku: str) -> int:
        """Pieces set aside for orders now."""
        ...

    def set_available(self, sku: str, quantity: int) -> None:
        """Stock-taking: from now on `quantity` pieces can be reserved."""
        ...
