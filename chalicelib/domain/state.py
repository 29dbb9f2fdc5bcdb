"""The state of an order: a fold over its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.events import (
    CancellationRequested,
    ErpAcknowledged,
    Event,
    InventoryReleased,
    InventoryReserved,
    OrderCancelled,
    OrderConfirmed,
    OrderFailed,
    OrderReceived,
    OrderRedriven,
    OrderRejected,
    OrderRevised,
    OrderValidated,
    PaymentCaptured,
    PaymentRefunded,
    RecordedEvent,
    RejectionDecided,
)
from chalicelib.domain.order import OrderContent


class Status(StrEnum):
    """Where an order stands. The first four are on the way; FAILED waits for a redrive; the rest are final."""

    RECEIVED = "RECEIVED"
    VALIDATED = "VALIDATED"
    RESERVED = "RESERVED"
    PAID = "PAID"
    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


FINAL = frozenset({Status.CONFIRMED, Status.REJECTED, Status.CANCELLED})
CLOSED = frozenset({Status.REJECTED, Status.CANCELLED})
"""Final without delivery: the number may come again."""

IN_PROGRESS = frozenset({Status.RECEIVED, Status.VALIDATED, Status.RESERVED, Status.PAID})


@dataclass(frozen=True, slots=True)
class Revision:
    """What brought one content of an order: the event `begins`, after which `first_attempt` is its first execution."""

    number: int
    begins: int
    first_attempt: int
    channel: str
    correlation_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Order:
    """An order as of event `version`: its latest revision, and who brought each. Times are UTC.

    `received_at` is when the number came first, `attempt` counts over all revisions; `undone_from` is the attempt in
    which it was decided that the order is undone, 0 if it was not.
    """

    order_id: str
    version: int
    content: OrderContent
    payload_hash: str
    channel: str
    correlation_id: str
    received_at: datetime
    updated_at: datetime
    revisions: tuple[Revision, ...]
    progress: Status = Status.RECEIVED
    outcome: Status | None = None
    attempt: int = 1
    reservation: InventoryReserved | None = None
    payment: PaymentCaptured | None = None
    release: InventoryReleased | None = None
    refund: PaymentRefunded | None = None
    rejection: RejectionDecided | None = None
    cancellation: CancellationRequested | None = None
    undone_from: int = 0
    failure: OrderFailed | None = None
    confirmation_number: str = ""
    acknowledged: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        return self.outcome or self.progress

    @property
    def revision(self) -> int:
        """The number of the latest revision, from 1."""
        return self.revisions[-1].number

    @property
    def tries(self) -> int:
        """Attempts of the latest revision, this one included."""
        return self.attempt - self.revisions[-1].first_attempt + 1

    @property
    def holds_nothing(self) -> bool:
        """No stock is set aside and no money was kept, as far as the events tell."""
        return (self.reservation is None or self.release is not None) and (
            self.payment is None or self.refund is not None
        )

    def revision_at(self, version: int) -> Revision:
        """The one to which the event of that sequence belongs."""
        return next(one for one in reversed(self.revisions) if one.begins <= version)

    def has_left(self, attempt: int) -> bool:
        """Whether that attempt was of an earlier revision, and has no say in this one.

        0 is an execution without a number: whoever starts one by hand means the order as it is.
        """
        return 0 < attempt < self.revisions[-1].first_attempt

    @property
    def is_final(self) -> bool:
        return self.outcome in FINAL

    @property
    def is_undone(self) -> bool:
        """It is decided that this order is closed without delivery; only compensations may still run."""
        return self.rejection is not None or self.cancellation is not None


def fold(events: Iterable[RecordedEvent]) -> Order:
    """The state after these events, which must be all of one order, in sequence. Raises CorruptHistory."""
    order: Order | None = None
    for recorded in events:
        order = evolve(order, recorded)
    if order is None:
        raise CorruptHistory("an order without events")
    return order


def evolve(order: Order | None, recorded: RecordedEvent) -> Order:
    """The state after one more event. Raises CorruptHistory if the event cannot follow."""
    event = recorded.event
    if order is None:
        if not isinstance(event, OrderReceived) or recorded.sequence != 1:
            raise CorruptHistory(f"order {recorded.order_id} begins with {recorded.type} {recorded.sequence}")
        return Order(
            order_id=recorded.order_id,
            version=1,
            content=event.content,
            payload_hash=event.payload_hash,
            channel=event.channel,
            correlation_id=recorded.correlation_id,
            received_at=recorded.recorded_at,
            updated_at=recorded.recorded_at,
            revisions=(_revision(1, recorded, event.channel, first_attempt=1),),
        )
    if recorded.sequence != order.version + 1:
        raise CorruptHistory(f"order {order.order_id}: event {recorded.sequence} after {order.version}")
    if order.is_final and not isinstance(event, ErpAcknowledged) and not _may_revise(order, event):
        raise CorruptHistory(f"order {order.order_id}: {recorded.type} after {order.status}")
    return replace(_apply(order, recorded), version=recorded.sequence, updated_at=recorded.recorded_at)


def _may_revise(order: Order, event: Event) -> bool:
    return isinstance(event, OrderRevised) and order.outcome in CLOSED and event.revision == order.revision + 1


def _revised(order: Order, recorded: RecordedEvent, event: OrderRevised) -> Order:
    """Nothing stays but the history: whatever was decided, done and undone was about the content before."""
    attempt = order.attempt + 1
    return Order(
        order_id=order.order_id,
        version=recorded.sequence,
        content=event.content,
        payload_hash=event.payload_hash,
        channel=event.channel,
        correlation_id=recorded.correlation_id,
        received_at=order.received_at,
        updated_at=recorded.recorded_at,
        revisions=(*order.revisions, _revision(event.revision, recorded, event.channel, attempt)),
        attempt=attempt,
    )


def _revision(number: int, recorded: RecordedEvent, channel: str, first_attempt: int) -> Revision:
    return Revision(number, recorded.sequence, first_attempt, channel, recorded.correlation_id, recorded.recorded_at)


def _apply(order: Order, recorded: RecordedEvent) -> Order:
    match recorded.event:
        case OrderRevised() as event if _may_revise(order, event):
            return _revised(order, recorded, event)
        case OrderValidated():
            return replace(order, progress=Status.VALIDATED)
        case InventoryReserved() as event:
            return replace(order, progress=Status.RESERVED, reservation=event)
        case PaymentCaptured() as event:
            return replace(order, progress=Status.PAID, payment=event)
        case OrderConfirmed() as event:
            return replace(order, outcome=Status.CONFIRMED, confirmation_number=event.confirmation_number)
        case RejectionDecided() as event:
            return replace(order, rejection=event, undone_from=order.undone_from or order.attempt)
        case PaymentRefunded() as event:
            return replace(order, refund=event)
        case InventoryReleased() as event:
            return replace(order, release=event)
        case OrderRejected():
            return replace(order, outcome=Status.REJECTED)
        case CancellationRequested() as event:
            return replace(order, cancellation=event, undone_from=order.attempt)
        case OrderCancelled():
            return replace(order, outcome=Status.CANCELLED)
        case OrderFailed() as event:
            return replace(order, outcome=Status.FAILED, failure=event)
        case OrderRedriven() as event:
            return replace(order, outcome=None, attempt=event.attempt)
        case ErpAcknowledged() as event:
            return replace(order, acknowledged=(*order.acknowledged, event.outcome))
    raise CorruptHistory(f"order {order.order_id}: {recorded.type} cannot follow {order.status}")
