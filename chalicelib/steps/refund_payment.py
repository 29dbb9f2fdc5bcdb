"""RefundPayment: compensation of CapturePayment. Gives the money back, also money that we never knew we took."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.events import PaymentRefunded
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import PaymentGateway
from chalicelib.steps.capture_payment import captured, payment_request


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Does nothing if nothing was charged. A charge whose event is missing is recorded first, then refunded."""

    repository: OrderRepository
    gateway: PaymentGateway

    def __call__(self, order_id: str) -> Status:
        return self.repository.handle(order_id, self._refund)

    def _refund(self, order: Order) -> Status:
        if order.has_left(self.repository.attempt):
            return order.status
        if order.is_final or order.refund is not None or order.reservation is None:
            return order.status  # without a reservation the payment step was never reached
        request = payment_request(order)
        if order.payment is None:
            found = self.gateway.void(request)  # not find(): a capture that outlived its timeout may still arrive
            if found is None:
                return order.status
            order = self.repository.append(order, captured(found, found_by_lookup=True))
        assert order.payment is not None
        refund_id = self.gateway.refund(request, order.payment.payment_id)
        return self.repository.append(order, PaymentRefunded(refund_id, order.payment.amount)).status
