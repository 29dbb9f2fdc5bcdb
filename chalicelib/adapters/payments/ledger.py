"""One record per order and revision of what was charged: the first write wins, so whatever runs twice charges once.

    (none) ──► CAPTURED ──► REFUNDED        the ledger is the provider: sandbox, on account
    (none) ──► OPEN ──────► REFUNDED        the provider knows the outcome of `payment_id`: Stripe
    (none) ──► VOIDED                       closed before anything was charged; nothing can be charged any more

VOIDED fences off a zombie: a call that outlived its timeout must not charge an order that is undone already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from chalicelib.domain.errors import Misconfigured, PaymentDeclined, Reason
from chalicelib.domain.money import Money
from chalicelib.ports import Payment, PaymentRequest


class ChargeState(StrEnum):
    """See the module's drawing."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True)
class Charge:
    """The record of a `PaymentRequest.charge_key`. `payment_id` is the provider's; `at` is when the record was made."""

    key: str
    customer_id: str
    amount: Money
    gateway: str
    state: ChargeState
    at: datetime
    payment_id: str = ""
    refund_id: str = ""

    @classmethod
    def of(
        cls, request: PaymentRequest, gateway: str, state: ChargeState, at: datetime, payment_id: str = ""
    ) -> Charge:
        return cls(request.charge_key, request.customer_id, request.amount, gateway, state, at, payment_id)

    @property
    def is_voided(self) -> bool:
        return self.state is ChargeState.VOIDED

    def payment(self) -> Payment | None:
        """What the port calls a payment; None if nothing was charged. Not for OPEN: ask the provider."""
        return None if self.is_voided else Payment(self.payment_id, self.amount, self.gateway, self.refund_id)

    def reversed(self, refund_id: str) -> Charge:
        """As it is after giving the money back; unchanged if that was done before. Raises Misconfigured."""
        if self.state is ChargeState.REFUNDED:
            return self
        if self.is_voided:
            raise nothing_to_refund(self.key)
        return replace(self, state=ChargeState.REFUNDED, refund_id=refund_id)


class ChargeLedger(Protocol):
    """Strongly consistent. Raises DependencyUnavailable, DependencyTimeout."""

    def find(self, key: str) -> Charge | None: ...

    def record(self, charge: Charge) -> Charge:
        """Store the record unless its key has one; returns what is stored."""
        ...

    def count_call(self, key: str) -> int:
        """Count a capture that charges nothing new, a repeat or a rehearsed failure; how many there were by now."""
        ...

    def reverse(self, key: str, refund_id: str) -> Charge:
        """Mark as refunded; what is stored: the first refund's id stays. Raises Misconfigured if never charged."""
        ...


def nothing_to_refund(key: str) -> Misconfigured:
    return Misconfigured(f"order {key} was never charged here: there is nothing to refund")


def require_gateway(charge: Charge | None, gateway: str) -> None:
    """Raise Misconfigured if another gateway has charged the order: it was replaced while orders were under way."""
    if charge is not None and charge.gateway != gateway:
        raise Misconfigured(
            f"order {charge.key} was handled by the {charge.gateway} gateway, now {gateway} is configured: "
            f"let orders under way finish before changing the gateway"
        )


def voided() -> PaymentDeclined:
    return PaymentDeclined(
        Reason("payment_voided", "the order was closed before it was charged; nothing was taken", "payment")
    )
