"""ValidateOrder: is what was ordered true? Against customers, products, prices and credit."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import InvalidOrder
from chalicelib.domain.events import OrderValidated
from chalicelib.domain.state import Order, Status
from chalicelib.orders.checks import reasons_against
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import ReferenceData
from chalicelib.steps.forward_step import run_forward_step


@dataclass(frozen=True, slots=True)
class ValidateOrder:
    """Raises InvalidOrder with every reason at once."""

    repository: OrderRepository
    reference: ReferenceData

    def __call__(self, order_id: str) -> Status:
        return run_forward_step(self.repository, order_id, Status.VALIDATED, self._validate)

    def _validate(self, order: Order) -> Order:
        reasons = reasons_against(order.content, self.reference, order.revisions[-1].received_at)
        if reasons:
            raise InvalidOrder(*reasons)
        return self.repository.append(order, OrderValidated(reference_versions=self.reference.versions()))
