"""Payment providers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.ids import revision_key
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What to charge: one revision of an order, for which `charge_key` stands in the ledger and at the provider."""

    order_id: str
    customer_id: str
    amount: Money
    instruction: PaymentInstruction
    revision: int = 1

    @property
    def charge_key(self) -> str:
        """What is charged once: a revised order is charged anew, after the one before was voided or refunded."""
        return revision_key(self.order_id, self.revision)


@dataclass(frozen=True, slots=True)
class Payment:
    """A captured payment, as the gateway knows it. `refund_id` is empty unless it was refunded."""

    payment_id: str
    amount: Money
    gateway: str
    refund_id: str = ""


class PaymentGateway(Protocol):
    """Charges once per order and revision (`PaymentRequest.charge_key`), whatever is repeated."""

    def capture(self, request: PaymentRequest) -> Payment:
        """Charge. A repeat for the same key returns the first payment.

        Raises PaymentDeclined, DependencyTimeout (unknown whether charged: find() first), DependencyUnavailable,
        Misconfigured.
        """
        ...

    def find(self, request: PaymentRequest) -> Payment | None:
        """The payment captured for the order, if there is one. Raises DependencyUnavailable."""
        ...

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        """Give all of it back; returns the refund's id, the same when repeated. Raises like capture()."""
        ...

    def void(self, request: PaymentRequest) -> Payment | None:
        """See to it that the order is not charged from now on; the payment if it was charged before, else None.

        A capture() that was thought to be lost, and arrives after this, raises PaymentDeclined. Safe to repeat.
        Raises DependencyTimeout while the provider itself does not know, DependencyUnavailable.
        """
        ...
