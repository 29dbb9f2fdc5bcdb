"""The state of an order is what its events say, one after the other, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.events import (
    EVENT_TYPES,
    ErpAcknowledged,
    Event,
    InventoryReleased,
    OrderCancelled,
    OrderConfirmed,
    OrderReceived,
    OrderRejected,
    OrderValidated,
)
from chalicelib.domain.state import FINAL, IN_PROGRESS, Order, Revision, Status, evolve, fold
from tests.support.builders import NOW, content
from tests.support.domain.histories import (
    BEING_CANCELLED,
    BEING_REJECTED,
    CANCELLATION,
    CANCELLED,
    CONFIRMED,
    FAILED,
    FAILURE,
    HOLD,
    PAID,
    PAYMENT,
    RECEIVED,
    REFUND,
    REJECTED,
    REJECTION,
    RELEASE,
    RESERVATION,
    RESERVED,
    STUCK_IN_CANCELLATION,
    VALIDATED,
    redriven,
)
from tests.support.domain.specification import order_after, recorded

ACKNOWLEDGED = ErpAcknowledged("http", "CONFIRMED")


def test_the_first_event_makes_the_order() -> None:
    order = content("SO-1")
    [first] = recorded(OrderReceived(order, "hash", "sql"), order_id="o-9")
    assert fold([first]) == Order(
        order_id="o-9",
        version=1,
        content=order,
        payload_hash="hash",
        channel="sql",
        correlation_id="correlation-1",
        received_at=NOW,
        updated_at=NOW,
        revisions=(Revision(1, 1, 1, "sql", "correlation-1", NOW),),
        progress=Status.RECEIVED,
        outcome=None,
        attempt=1,
        reservation=None,
        payment=None,
        release=None,
        refund=None,
        rejection=None,
        cancellation=None,
        failure=None,
        confirmation_number="",
        acknowledged=(),
    )


CHANGES: list[tuple[tuple[Event, ...], Event, dict[str, object]]] = [
    (RECEIVED, OrderValidated({}), {"progress": Status.VALIDATED}),
    (VALIDATED, RESERVATION, {"progress": Status.RESERVED, "reservation": RESERVATION}),
    (RESERVED, PAYMENT, {"progress": Status.PAID, "payment": PAYMENT}),
    (PAID, OrderConfirmed("OB-1"), {"outcome": Status.CONFIRMED, "confirmation_number": "OB-1"}),
    (PAID, REJECTION, {"rejection": REJECTION, "undone_from": 1}),
    (BEING_REJECTED, REFUND, {"refund": REFUND}),
    (BEING_REJECTED, RELEASE, {"release": RELEASE}),
    (BEING_REJECTED, OrderRejected((HOLD,)), {"outcome": Status.REJECTED}),
    (PAID, CANCELLATION, {"cancellation": CANCELLATION, "undone_from": 1}),
    (BEING_CANCELLED, OrderCancelled("anna", "wrong size"), {"outcome": Status.CANCELLED}),
    (RESERVED, FAILURE, {"outcome": Status.FAILED, "failure": FAILURE}),
    (FAILED, redriven(2), {"outcome": None, "attempt": 2}),
    (RESERVED, ACKNOWLEDGED, {"acknowledged": ("CONFIRMED",)}),
    (CONFIRMED, ACKNOWLEDGED, {"acknowledged": ("CONFIRMED",)}),
    ((*FAILED, ErpAcknowledged("sql", "FAILED")), ACKNOWLEDGED, {"acknowledged": ("FAILED", "CONFIRMED")}),
]


@pytest.mark.parametrize(
    ("before", "event", "changes"),
    CHANGES,
    ids=[f"{len(one)} events, then {type(two).__name__}" for one, two, _ in CHANGES],
)
def test_an_event_changes_what_it_is_about_and_nothing_else(
    before: tuple[Event, ...], event: Event, changes: dict[str, Any]
) -> None:
    order, after = order_after(*before), order_after(*before, event)
    moved: dict[str, Any] = {"version": order.version + 1, "updated_at": order.updated_at + timedelta(seconds=1)}
    assert after == replace(order, **moved, **changes)


def test_every_other_event_is_looked_at_above() -> None:
    """But for those that bring a content; a new revision is looked at in test_revisions.py."""
    assert {type(event).__name__ for _, event, _ in CHANGES} == EVENT_TYPES.keys() - {"OrderReceived", "OrderRevised"}


HISTORIES = {
    "received": (RECEIVED, Status.RECEIVED),
    "validated": (VALIDATED, Status.VALIDATED),
    "reserved": (RESERVED, Status.RESERVED),
    "paid": (PAID, Status.PAID),
    "confirmed": (CONFIRMED, Status.CONFIRMED),
    "being rejected": (BEING_REJECTED, Status.PAID),
    "rejected": (REJECTED, Status.REJECTED),
    "being cancelled": (BEING_CANCELLED, Status.PAID),
    "cancelled": (CANCELLED, Status.CANCELLED),
    "failed": (FAILED, Status.FAILED),
    "redriven": ((*FAILED, redriven(2)), Status.RESERVED),
    "stuck": (STUCK_IN_CANCELLATION, Status.FAILED),
}
UNDONE = {"being rejected", "rejected", "being cancelled", "cancelled", "stuck"}


@pytest.mark.parametrize("name", HISTORIES)
def test_where_an_order_stands(name: str) -> None:
    events, status = HISTORIES[name]
    order = order_after(*events)
    assert order.status is status
    assert order.is_final == (name in {"confirmed", "rejected", "cancelled"})
    assert order.is_undone == (name in UNDONE)


def test_a_status_is_on_the_way_or_final_or_failed() -> None:
    assert {status.value for status in IN_PROGRESS} == {"RECEIVED", "VALIDATED", "RESERVED", "PAID"}
    assert {status.value for status in FINAL} == {"CONFIRMED", "REJECTED", "CANCELLED"}
    assert set(Status) - FINAL - IN_PROGRESS == {Status.FAILED}


def test_the_last_failure_stays_known_after_a_redrive() -> None:
    assert order_after(*FAILED, redriven(2)).failure == FAILURE


@pytest.mark.parametrize("name", HISTORIES)
def test_an_event_at_a_time_or_all_at_once_is_the_same(name: str) -> None:
    order: Order | None = None
    for one in recorded(*HISTORIES[name][0]):
        order = evolve(order, one)
    assert order == order_after(*HISTORIES[name][0])


# what cannot be


def refused(order: Order | None, event: Event, sequence: int) -> str:
    """What evolve says about an event with this number after the order."""
    [one] = recorded(event)
    with pytest.raises(CorruptHistory) as raised:
        evolve(order, replace(one, sequence=sequence))
    return str(raised.value)


def test_an_order_has_events() -> None:
    with pytest.raises(CorruptHistory, match=r"\Aan order without events\Z"):
        fold([])


@pytest.mark.parametrize("sequence", [0, 2])
def test_an_order_begins_with_event_1(sequence: int) -> None:
    assert refused(None, RECEIVED[0], sequence) == f"order o-1 begins with OrderReceived {sequence}"


def test_an_order_begins_with_its_receipt() -> None:
    assert refused(None, OrderValidated({}), 1) == "order o-1 begins with OrderValidated 1"


@pytest.mark.parametrize("sequence", [1, 2, 4, 5])
def test_the_events_are_without_gaps_and_without_repeats(sequence: int) -> None:
    order = order_after(*VALIDATED)
    assert refused(order, RESERVATION, sequence) == f"order o-1: event {sequence} after 2"


@pytest.mark.parametrize("end", [CONFIRMED, REJECTED, CANCELLED], ids=["confirmed", "rejected", "cancelled"])
@pytest.mark.parametrize(
    "late", [OrderValidated({}), CANCELLATION, FAILURE, redriven(2), InventoryReleased({}), OrderConfirmed("OB-2")]
)
def test_nothing_happens_to_an_order_after_its_end(end: tuple[Event, ...], late: Event) -> None:
    order = order_after(*end)
    message = f"order o-1: {type(late).__name__} after {order.status}"
    assert refused(order, late, order.version + 1) == message


@pytest.mark.parametrize("end", [CONFIRMED, REJECTED, CANCELLED], ids=["confirmed", "rejected", "cancelled"])
def test_the_erp_hears_of_the_end_afterwards(end: tuple[Event, ...]) -> None:
    assert order_after(*end, ACKNOWLEDGED).status is order_after(*end).status


def test_an_order_is_received_once() -> None:
    message = "order o-1: OrderReceived cannot follow VALIDATED"
    assert refused(order_after(*VALIDATED), RECEIVED[0], 3) == message


def test_an_event_of_no_known_type_is_not_passed_over() -> None:
    @dataclass(frozen=True, slots=True)
    class Surprise(Event):
        pass

    assert refused(order_after(*RECEIVED), Surprise(), 2) == "order o-1: Surprise cannot follow RECEIVED"


def test_an_order_has_no_field_that_no_event_sets() -> None:
    """Of those that are not given by the first event; a field forgotten in the fold would be seen here."""
    first = {field.name for field in fields(Order)} - {name for _, _, changes in CHANGES for name in changes}
    assert first == {
        "order_id",
        "version",
        "content",
        "payload_hash",
        "channel",
        "correlation_id",
        "received_at",
        "updated_at",
        "revisions",
    }
