"""What the ERPs that are polled have still to be told: fed from the event stream, drained by the poller's write-back.

An entry is made from an event alone, under a key made from the event alone: delivering an event again changes nothing,
and an entry that was done and comes back is written back again, harmlessly, by idempotent statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from chalicelib.domain.errors import Reason
from chalicelib.domain.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderFailed,
    OrderReceived,
    OrderRejected,
    OrderRevised,
    RecordedEvent,
)
from chalicelib.domain.state import Order

POLLER_CHANNEL = "poller"
"""The channel of orders that were read from an ERP's database: only they are answered there, then and later."""

KINDS = ("received", "failed", "confirmed", "rejected", "cancelled")
"""What can be told: statuses in lower case. `failed` may still become any of the last three, which are final."""

_RANK = {"received": 0, "failed": 1, "confirmed": 2, "rejected": 2, "cancelled": 2}

MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One outcome (`kind`, of KINDS) of one order, for the ERP that calls it `external_id`.

    `version` is the sequence of the event within its order, `occurred_at` (UTC) when it was recorded; `revision` is
    that of the order whose outcome it is.
    """

    source: str
    order_id: str
    external_id: str
    kind: str
    occurred_at: datetime
    version: int
    reason_code: str = ""
    reason: str = ""
    confirmation_number: str = ""
    revision: int = 1


class Outbox(Protocol):
    """Entries wait per source, in the order of occurrence, until they are done or parked.

    Raises DependencyUnavailable, DependencyTimeout, Misconfigured.
    """

    def put(self, entry: OutboxEntry) -> None:
        """Let it wait. A repeat of a waiting entry changes nothing."""
        ...

    def pending(self, source: str, limit: int) -> Sequence[OutboxEntry]:
        """The first entries of the source by (occurred_at, order_id, version), at most `limit`; strongly consistent."""
        ...

    def done(self, entry: OutboxEntry) -> None:
        """The ERP has it; waits no longer. Safe to repeat."""
        ...

    def park(self, entry: OutboxEntry, problem: str) -> None:
        """Take an entry that the ERP refuses out of the way, to be looked at. Safe to repeat."""
        ...

    def parked(self, source: str, limit: int) -> Sequence[tuple[OutboxEntry, str]]:
        """Parked entries with their problems, in the order of occurrence."""
        ...

    def unpark(self, entry: OutboxEntry) -> None:
        """Let a parked entry wait again. Safe to repeat."""
        ...


def outranks(told: str, kind: str) -> bool:
    """Whether an ERP that was told `told` must not be told `kind` any more: what is final is not taken back."""
    return _RANK.get(told, 0) > _RANK[kind]


def outbox_entry(recorded: RecordedEvent, order: Order) -> OutboxEntry | None:
    """What the ERP has to be told because of this event; None if nothing, or if the order was not polled from it.

    `order` may have moved on since. An order that was polled once has a row there, whoever has mended it since.
    """
    if not any(one.channel == POLLER_CHANNEL and one.begins <= recorded.sequence for one in order.revisions):
        return None
    match recorded.event:
        case OrderReceived() | OrderRevised():
            return _entry("received", recorded, order)
        case OrderConfirmed() as event:
            return replace(_entry("confirmed", recorded, order), confirmation_number=event.confirmation_number)
        case OrderRejected() as event:
            return _because(event.reasons, _entry("rejected", recorded, order))
        case OrderCancelled() as event:
            reason = Reason("cancelled", f"cancelled by {event.by}: {event.reason}")
            return _because([reason], _entry("cancelled", recorded, order))
        case OrderFailed() as event:
            reason = Reason("failed", f"waits for an operator: {event.error} in {event.step}")
            return _because([reason], _entry("failed", recorded, order))
    return None


def listener(outbox: Outbox) -> Callable[[RecordedEvent, Order], None]:
    """For the stream consumer: puts into the outbox whatever an event makes worth telling."""

    def listen(recorded: RecordedEvent, order: Order) -> None:
        entry = outbox_entry(recorded, order)
        if entry is not None:
            outbox.put(entry)

    return listen


def _entry(kind: str, recorded: RecordedEvent, order: Order) -> OutboxEntry:
    return OutboxEntry(
        source=order.content.source,
        order_id=order.order_id,
        external_id=order.content.external_id,
        kind=kind,
        occurred_at=recorded.recorded_at,
        version=recorded.sequence,
        revision=order.revision_at(recorded.sequence).number,
    )


def _because(reasons: Sequence[Reason], entry: OutboxEntry) -> OutboxEntry:
    """With the first reason's code, and all of them as a text that fits into a column."""
    text = "; ".join(reason.message for reason in reasons)
    return replace(entry, reason_code=reasons[0].code, reason=text[:MAX_REASON_CHARACTERS])
