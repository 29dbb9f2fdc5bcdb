"""ConfirmOrder: the last look at delivery holds, then the order is final."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import ConfirmationRefused
from chalicelib.domain.events import OrderConfirmed
from chalicelib.domain.state import Order, Status
from chalicelib.orders.checks import holds_on
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import ReferenceData
from chalicelib.steps.forward_step import run_forward_step


@dataclass(frozen=True, slots=True)
class ConfirmOrder:
    """Raises ConfirmationRefused if a SKU, the customer or the country is on a delivery hold (a recall, say)."""

    repository: OrderRepository
    reference: ReferenceData

    def __call__(self, order_id: str) -> Status:
        return run_forward_step(self.repository, order_id, Status.CONFIRMED, self._confirm)

    def _confirm(self, order: Order) -> Order:
        reasons = holds_on(order.content, self.reference, order.revisions[-1].received_at)
        if reasons:
            raise ConfirmationRefused(*reasons)
        return self.repository.append(order, OrderConfirmed(confirmation_number(order.order_id)))


def confirmation_number(order_id: str) -> str:
    """What the customer is told: a readable part of the order's own id, so that it needs no counter."""
    return f"OB-{order_id[2:8]}-{order_id[8:14]}".upper()
