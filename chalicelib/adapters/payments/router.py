"""Chooses the gateway by the order's payment method. An order of nothing is paid by nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.errors import Misconfigured, PaymentDeclined, Reason
from chalicelib.ports import Payment, PaymentGateway, PaymentRequest

NOTHING_DUE = "nothing-due"
"""Payment and refund id of an order whose total is zero: free samples, vouchers. Providers refuse such charges."""


@dataclass(frozen=True, slots=True)
class PaymentRouter:
    """ports.PaymentGateway. `gateways`: payment method ("card", "on_account") -> its gateway."""

    gateways: Mapping[str, PaymentGateway]

    def capture(self, request: PaymentRequest) -> Payment:
        """Raises PaymentDeclined for a method that nobody handles, besides what the gateway raises."""
        if request.amount.minor == 0:
            return Payment(NOTHING_DUE, request.amount, "none")
        gateway = self._gateway(request)
        if gateway is None:
            known = " or ".join(sorted(self.gateways))
            text = f"payment method {request.instruction.method!r} is not offered; use {known}"
            raise PaymentDeclined(Reason("unknown_payment_method", text, "payment.method"))
        return gateway.capture(request)

    def find(self, request: PaymentRequest) -> Payment | None:
        gateway = self._gateway(request)
        return gateway.find(request) if gateway else None

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        if request.amount.minor == 0:
            return NOTHING_DUE
        gateway = self._gateway(request)
        if gateway is None:
            raise Misconfigured(f"payment {payment_id} was taken by a method that is not configured any more")
        return gateway.refund(request, payment_id)

    def void(self, request: PaymentRequest) -> Payment | None:
        gateway = self._gateway(request)
        return gateway.void(request) if gateway else None

    def _gateway(self, request: PaymentRequest) -> PaymentGateway | None:
        """None if nobody was, or is, ever asked to charge."""
        return self.gateways.get(request.instruction.method) if request.amount.minor else None
