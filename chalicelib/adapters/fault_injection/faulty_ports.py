"""Ports with failure switches in front of them, for rehearsing outages of payments and of the stock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.adapters.fault_injection.switches import FaultSwitches
from chalicelib.adapters.payments import DEPENDENCY as PAYMENT
from chalicelib.domain.errors import InsufficientStock, PaymentDeclined, Reason
from chalicelib.domain.events import RecordedEvent
from chalicelib.ports import Append, Inventory, Payment, PaymentGateway, PaymentRequest

INVENTORY = "inventory"


@dataclass(frozen=True, slots=True)
class FaultyGateway:
    """ports.PaymentGateway. Dependency `payment`, operations capture (which can decline), find, refund and void."""

    gateway: PaymentGateway
    switches: FaultSwitches

    def capture(self, request: PaymentRequest) -> Payment:
        declined = PaymentDeclined(
            Reason("rehearsed_decline", "a rehearsal is going on in which payments are declined", "payment.token")
        )
        return self.switches.with_faults(PAYMENT, lambda: self.gateway.capture(request), "capture", declined)

    def find(self, request: PaymentRequest) -> Payment | None:
        return self.switches.with_faults(PAYMENT, lambda: self.gateway.find(request), "find")

    def refund(self, request: PaymentRequest, payment_id: str) -> str:
        return self.switches.with_faults(PAYMENT, lambda: self.gateway.refund(request, payment_id), "refund")

    def void(self, request: PaymentRequest) -> Payment | None:
        return self.switches.with_faults(PAYMENT, lambda: self.gateway.void(request), "void")


@dataclass(frozen=True, slots=True)
class FaultyInventory:
    """ports.Inventory. Dependency `inventory`, operations reserve (which can decline), release and holds_anything."""

    inventory: Inventory
    switches: FaultSwitches

    def reserve(self, quantities: Mapping[str, int], append: Append, revision: int = 1) -> RecordedEvent:
        short = InsufficientStock(
            Reason("rehearsed_shortage", "a rehearsal is going on in which nothing is in stock", "lines")
        )
        return self.switches.with_faults(
            INVENTORY, lambda: self.inventory.reserve(quantities, append, revision), "reserve", refusal=short
        )

    def release(self, append: Append, revision: int = 1) -> RecordedEvent:
        return self.switches.with_faults(INVENTORY, lambda: self.inventory.release(append, revision), "release")

    def holds_anything(self, order_id: str, revision: int = 1) -> bool:
        return self.switches.with_faults(
            INVENTORY, lambda: self.inventory.holds_anything(order_id, revision), "holds_anything"
        )

    def available(self, sku: str) -> int | None:
        return self.inventory.available(sku)

    def reserved(self, sku: str) -> int:
        return self.inventory.reserved(sku)

    def set_available(self, sku: str, quantity: int) -> None:
        self.inventory.set_available(sku, quantity)
