"""ReserveInventory: set the ordered pieces aside, all or none, together with the event that says so."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import InventoryReserved
from chalicelib.domain.state import Order, Status, evolve
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Inventory
from chalicelib.steps.forward_step import run_forward_step


@dataclass(frozen=True, slots=True)
class ReserveInventory:
    """Raises InsufficientStock, naming every SKU that is short."""

    repository: OrderRepository
    inventory: Inventory

    def __call__(self, order_id: str) -> Status:
        return run_forward_step(self.repository, order_id, Status.RESERVED, self._reserve)

    def _reserve(self, order: Order) -> Order:
        quantities = order.content.quantities()
        pending = self.repository.pending(order, InventoryReserved(quantities))
        return evolve(order, self.inventory.reserve(quantities, pending, order.revision))
