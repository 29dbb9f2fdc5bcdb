"""A payment gateway behind a circuit breaker."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker
from chalicelib.ports import Payment, PaymentGateway, PaymentRequest


@dataclass(frozen=True, slots=True)
class GuardedGateway:
    """ports.PaymentGateway; raises CircuitOpen besides. A declined card is an answer, not a failure."""

    gateway: PaymentGateway
    breaker: CircuitBreaker

    def capture(self, request: PaymentRequest) -> Payment:
        return self.breaker.call(lambda: self.gateway.capture(request))

    def find(self, request: PaymentRequest) -> Payment | None:
        return self.breaker.call(lambda: self.gateway.find(request))

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        return self.breaker.call(lambda: self.gateway.refund(request, payment_id))

    def void(self, request: PaymentRequest) -> Payment | None:
        return self.breaker.call(lambda: self.gateway.void(request))
