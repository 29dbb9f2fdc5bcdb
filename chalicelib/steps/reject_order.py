"""RejectOrder: closes an order that has been undone, as REJECTED or CANCELLED, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.decisions import decide_closing
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository


@dataclass(frozen=True, slots=True)
class RejectOrder:
    """The last state of every order that is not confirmed; the execution then succeeds."""

    repository: OrderRepository

    def __call__(self, order_id: str) -> Status:
        return self.repository.handle(order_id, self._close)

    def _close(self, order: Order) -> Status:
        if order.has_left(self.repository.attempt):
            return order.status
        closing = decide_closing(order)
        return order.status if closing is None else self.repository.append(order, closing).status
