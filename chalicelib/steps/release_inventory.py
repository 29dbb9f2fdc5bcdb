"""ReleaseInventory: compensation of ReserveInventory. Gives back whatever the order holds."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import InventoryReleased
from chalicelib.domain.state import Order, Status, evolve
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Inventory


@dataclass(frozen=True, slots=True)
class ReleaseInventory:
    """Does nothing if nothing is held. An unfinished reservation in several chunks is found and given back too."""

    repository: OrderRepository
    inventory: Inventory

    def __call__(self, order_id: str) -> Status:
        return self.repository.handle(order_id, self._release)

    def _release(self, order: Order) -> Status:
        if order.has_left(self.repository.attempt) or order.is_final or order.release is not None:
            return order.status
        if order.reservation is None and not self.inventory.holds_anything(order.order_id, order.revision):
            return order.status
        pending = self.repository.pending(order, InventoryReleased(quantities={}))
        return evolve(order, self.inventory.release(pending, order.revision)).status
