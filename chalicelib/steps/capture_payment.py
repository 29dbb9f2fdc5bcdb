"""CapturePayment: charge once. What an earlier attempt may have charged is looked up before charging again."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import PaymentCaptured
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Payment, PaymentGateway, PaymentRequest
from chalicelib.steps.forward_step import run_forward_step


def payment_request(order: Order) -> PaymentRequest:
    """The one charge of an order, as its latest revision wants it."""
    content = order.content
    return PaymentRequest(order.order_id, content.customer_id, content.total, content.payment, order.revision)


@dataclass(frozen=True, slots=True)
class CapturePayment:
    """Raises PaymentDeclined. `look_first`: an earlier try of this step may have charged without our knowing."""

    repository: OrderRepository
    gateway: PaymentGateway
    look_first: bool = True

    def __call__(self, order_id: str) -> Status:
        return run_forward_step(self.repository, order_id, Status.PAID, self._capture)

    def _capture(self, order: Order) -> Order:
        request = payment_request(order)
        found = self.gateway.find(request) if self.look_first or order.tries > 1 else None
        payment = found or self.gateway.capture(request)
        return self.repository.append(order, captured(payment, found_by_lookup=found is not None))


def captured(payment: Payment, found_by_lookup: bool) -> PaymentCaptured:
    return PaymentCaptured(payment.payment_id, payment.amount, payment.gateway, found_by_lookup)
