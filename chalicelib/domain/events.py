"""What can happen to an order, in the past tense. Events are facts: they are never changed, only added to.

A field added later gets a default. A change that a default cannot express raises `SCHEMA_VERSION` of that event
and adds an upcaster in `adapters/dynamodb/events/codec.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from chalicelib.domain.errors import Reason
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent


@dataclass(frozen=True, slots=True)
class Event:
    """The base: `SCHEMA_VERSION` is stored beside every event."""

    SCHEMA_VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class OrderReceived(Event):
    """Accepted. `payload_hash` (SHA-256, hex, of the canonical content) tells a repeat from a conflict."""

    content: OrderContent
    payload_hash: str
    channel: str = "rest"


@dataclass(frozen=True, slots=True)
class OrderRevised(Event):
    """The number came again after the order was closed without delivery: it begins anew, with this content.

    `revision` counts from 2, OrderReceived being the first. The content may be the same, to be validated again.
    """

    content: OrderContent
    payload_hash: str
    revision: int
    channel: str = "rest"


@dataclass(frozen=True, slots=True)
class OrderValidated(Event):
    """Agrees with the reference data whose versions are named here."""

    reference_versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class InventoryReserved(Event):
    """Stock is set aside: SKU -> pieces, in `chunks` transactions."""

    quantities: dict[str, int]
    chunks: int = 1


@dataclass(frozen=True, slots=True)
class PaymentCaptured(Event):
    """The money is ours. `payment_id` is the provider's."""

    payment_id: str
    amount: Money
    gateway: str
    found_by_lookup: bool = False


@dataclass(frozen=True, slots=True)
class OrderConfirmed(Event):
    """Final: the order will be delivered."""

    confirmation_number: str


@dataclass(frozen=True, slots=True)
class RejectionDecided(Event):
    """The point of no return on the way to REJECTED: from here on only compensations run, whatever is retried."""

    step: str
    kind: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PaymentRefunded(Event):
    """Compensation: the money went back."""

    refund_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class InventoryReleased(Event):
    """Compensation: the stock is available again."""

    quantities: dict[str, int]


@dataclass(frozen=True, slots=True)
class OrderRejected(Event):
    """Final: undone and closed, for these reasons."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CancellationRequested(Event):
    """Somebody (`by`) wants the order closed: the next step sees it and the compensations run."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderCancelled(Event):
    """Final: undone and closed on request."""

    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderFailed(Event):
    """Failed for a technical reason; keeps its reservation and payment until redriven or abandoned."""

    step: str
    error: str
    message: str
    fingerprint: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class OrderRedriven(Event):
    """Attempt number `attempt` starts, where the order stands."""

    attempt: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ErpAcknowledged(Event):
    """The ERP has been told `outcome` through `channel` (http, sql)."""

    channel: str
    outcome: str


OUTCOMES = (OrderConfirmed, OrderRejected, OrderCancelled)
"""The events that end an order; each revision of an order has one of them at most."""

EVENT_TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        OrderReceived,
        OrderRevised,
        OrderValidated,
        InventoryReserved,
        PaymentCaptured,
        OrderConfirmed,
        RejectionDecided,
        PaymentRefunded,
        InventoryReleased,
        OrderRejected,
        CancellationRequested,
        OrderCancelled,
        OrderFailed,
        OrderRedriven,
        ErpAcknowledged,
    )
}
"""Every event, by the name under which it is stored: a class keeps its name for ever."""


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event in the store. `sequence` counts from 1 within its order; `token` identifies the append call.

    `recorded_at` is UTC. `step` names the workflow step or front end that appended it.
    """

    order_id: str
    sequence: int
    event: Event
    recorded_at: datetime
    correlation_id: str
    source: str
    step: str
    token: str

    @property
    def type(self) -> str:
        return type(self.event).__name__
