"""The list of orders, rebuilt from events at any time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.money import Money
from chalicelib.domain.state import Order, Status


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """Which orders to list, newest first; `start` and `end` bound received_at ([start, end))."""

    status: Status | None = None
    source: str | None = None
    external_id: str | None = None
    customer_id: str | None = None
    correlation_id: str | None = None
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
    revision: int = 1
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
            revision=order.revision,
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
