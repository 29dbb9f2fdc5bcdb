"""What the application needs from the outside, as Protocols. Every adapter of a port passes its contract suite.

All times are UTC datetimes, all money is `Money`. A port raises only errors of `domain/errors.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.events import Event, RecordedEvent
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.domain.state import Order, Status


class Clock(Protocol):
    """The time, injected so that simulated time is possible."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Unique tokens and jitter, injected so that seeded runs repeat."""

    def token(self) -> str: ...

    def fraction(self) -> float:
        """Uniform in [0, 1)."""
        ...


@dataclass(frozen=True, slots=True)
class Append:
    """One event to be appended after `expected_version`, with what is recorded beside it."""

    order_id: str
    expected_version: int
    event: Event
    recorded_at: datetime
    correlation_id: str
    source: str
    step: str
    token: str

    def as_recorded(self) -> RecordedEvent:
        return RecordedEvent(
            self.order_id,
            self.expected_version + 1,
            self.event,
            self.recorded_at,
            self.correlation_id,
            self.source,
            self.step,
            self.token,
        )


class EventStore(Protocol):
    """Append-only, one stream per order, optimistic concurrency."""

    def append(self, append: Append) -> RecordedEvent:
        """Store one event. A repeat with the same token is recognised as done and returns what is stored.

        Raises VersionConflict (another event has that number), EventTooLarge, DependencyUnavailable.
        """
        ...

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        """All events of the order, in sequence, strongly consistent; empty if there is no such order."""
        ...

    def order_ids(self) -> Iterator[str]:
        """Every order in the store, each once, in no order. For replay; reads the whole store."""
        ...


class Inventory(Protocol):
    """Stock per SKU and the reservations of orders.

    The event is stored with the stock's change in one transaction, or not at all.
    """

    def reserve(self, quantities: Mapping[str, int], append: Append) -> RecordedEvent:
        """Take all quantities or none, and append InventoryReserved. Safe to repeat.

        Raises InsufficientStock naming every short SKU, VersionConflict, Contention, DependencyUnavailable.
        """
        ...

    def release(self, append: Append) -> RecordedEvent:
        """Give back whatever the order holds, also of an unfinished reserve(), and append InventoryReleased.

        The event's quantities are replaced by what was really given back. After it, reserve() for the same order
        can no longer take anything. Raises VersionConflict, Contention, DependencyUnavailable.
        """
        ...

    def holds_anything(self, order_id: str) -> bool:
        """Whether any stock is set aside for the order, also by an unfinished reserve()."""
        ...

    def available(self, sku: str) -> int | None:
        """Pieces that can be reserved now; None for an unknown SKU."""
        ...

    def reserved(self, sku: str) -> int:
        """Pieces set aside for orders now."""
        ...

    def set_available(self, sku: str, quantity: int) -> None:
        """Stock-taking: from now on `quantity` pieces can be reserved."""
        ...


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What to charge. The idempotency key is derived from `order_id` by the gateway."""

    order_id: str
    customer_id: str
    amount: Money
    instruction: PaymentInstruction


@dataclass(frozen=True, slots=True)
class Payment:
    """A captured payment, as the gateway knows it. `refund_id` is empty unless it was refunded."""

    payment_id: str
    amount: Money
    gateway: str
    refund_id: str = ""


class PaymentGateway(Protocol):
    """Charges once per order, whatever is repeated."""

    def capture(self, request: PaymentRequest) -> Payment:
        """Charge. A repeat for the same order returns the first payment.

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


class ReferenceData(Protocol):
    """Products, customers and delivery holds: read-mostly data that somebody publishes.

    Raises DependencyUnavailable if nothing usable can be read, not even a cached copy.
    """

    def customer(self, customer_id: str) -> Customer | None: ...

    def product(self, sku: str) -> Product | None: ...

    def hold(self, kind: str, key: str) -> DeliveryHold | None: ...

    def versions(self) -> dict[str, str]:
        """Data set -> version (ETag) of what is being answered from."""
        ...


class WorkflowEngine(Protocol):
    """Starts the order workflow."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        """Start attempt `attempt`; False if that attempt was started before. Raises DependencyUnavailable."""
        ...

    def is_running(self, order_id: str, attempt: int) -> bool:
        """Whether that attempt runs now; False if it has ended or was never started. Raises DependencyUnavailable."""
        ...


class DeadLetterQueue(Protocol):
    """The queue of the dead-letter consumer, and the parking queue beside it. Raises DependencyUnavailable."""

    def send(self, message: Mapping[str, object], delay_s: int = 0) -> None:
        """`message` is JSON-able; it is delivered after `delay_s` seconds, at most 900."""
        ...

    def park(self, body: str, reason: str) -> None:
        """Put away a message that nobody can handle, with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A parked order in triage. `redrive_at`: it is redriven by itself then; None: it waits for an operator."""

    failed: FailedOrder
    redrive_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """The open dead letters of one fingerprint; `count` stops at LETTER_COUNT_LIMIT."""

    fingerprint: str
    step: str
    error: str
    message: str
    first_failed_at: datetime
    last_failed_at: datetime
    count: int


LETTER_COUNT_LIMIT = 10_000


class DeadLetters(Protocol):
    """The open dead letters, at most one per order. Raises DependencyUnavailable."""

    def record(self, letter: DeadLetter) -> None:
        """Open the letter, or replace the order's letter of the same fingerprint."""
        ...

    def get(self, fingerprint: str, order_id: str) -> DeadLetter | None: ...

    def close(self, failed: FailedOrder) -> None:
        """Forget the letter of that attempt; the order's events keep what became of it. Harmless when repeated.

        A letter of a later attempt, opened meanwhile, stays.
        """
        ...

    def groups(self) -> Sequence[LetterGroup]:
        """Groups with at least one open letter, those that failed last first."""
        ...

    def in_group(self, fingerprint: str, limit: int, after: str = "") -> Sequence[DeadLetter]:
        """Up to `limit` letters in the order of their order ids, those after the order id `after`."""
        ...


class Bookmark(Protocol):
    """Where a periodic walk goes on next time: a text, empty at the start. Raises DependencyUnavailable."""

    def load(self) -> str: ...

    def save(self, position: str) -> None: ...


class Alerts(Protocol):
    """Tells the operators. Raises DependencyUnavailable."""

    def publish(self, subject: str, text: str) -> None:
        """`subject` at most 100 printable ASCII characters (the limit of SNS)."""
        ...


class EventBus(Protocol):
    """Publishes events to whoever subscribes outside of Orderbridge, at least once."""

    def publish(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, ...]:
        """Returns those that were not taken and must be published again. Raises DependencyUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders to list, newest first; `start` and `end` bound received_at ([start, end))."""

    status: Status | None = None
    source: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int = 50
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order in the read model: enough for a list; the details are in the events."""

    order_id: str
    version: int
    status: Status
    source: str
    external_id: str
    customer_id: str
    total: Money
    received_at: datetime
    updated_at: datetime
    attempt: int = 1
    correlation_id: str = ""
    reasons: tuple[str, ...] = ()
    failed_step: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, order: Order) -> OrderRow:
        rejection, failure = order.rejection, order.failure if order.outcome is Status.FAILED else None
        return cls(
            order_id=order.order_id,
            version=order.version,
            status=order.status,
            source=order.content.source,
            external_id=order.content.external_id,
            customer_id=order.content.customer_id,
            total=order.content.total,
            received_at=order.received_at,
            updated_at=order.updated_at,
            attempt=order.attempt,
            correlation_id=order.correlation_id,
            reasons=tuple(reason.code for reason in rejection.reasons[:5]) if rejection else (),
            failed_step=failure.step if failure else "",
            fingerprint=failure.fingerprint if failure else "",
        )


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a listing; `cursor` is empty on the last page."""

    rows: tuple[OrderRow, ...]
    cursor: str


class Projection(Protocol):
    """The read model: one row per order, rebuilt from events at any time."""

    def put(self, row: OrderRow) -> bool:
        """Store the row unless a newer version is there; whether it was stored."""
        ...

    def remove(self, order_id: str) -> None:
        """Forget the row, if there is one. For replay, when the events say otherwise."""
        ...

    def get(self, order_id: str) -> OrderRow | None:
        """The row, strongly consistent. Raises CorruptHistory if it cannot be read."""
        ...

    def query(self, query: OrderQuery) -> OrderPage:
        """Newest first by (received_at, order_id). Raises ValueError for a cursor that is not ours.

        A page may be shorter than `limit` although there are more: only an empty cursor means the end.
        """
        ...

    def order_ids(self) -> Iterator[str]:
        """The id of every row, each once, in no order. For replay; reads the whole read model."""
        ...
