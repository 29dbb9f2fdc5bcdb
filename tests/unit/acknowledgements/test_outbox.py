"""Which events an ERP is told of, and what it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.acknowledgements.outbox import POLLER_CHANNEL, listener, outbox_entry, outranks
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import Reason
from chalicelib.domain.events import (
    Event,
    InventoryReserved,
    OrderCancelled,
    OrderConfirmed,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    OrderValidated,
)
from chalicelib.domain.state import Order, fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from tests.support.builders import content
from tests.support.domain.histories import REJECTION, revised


def an_order(channel: str = POLLER_CHANNEL) -> tuple[OrderRepository, Order]:
    repository = OrderRepository(MemoryEventStore(), FixedClock(), SequentialIds(), "Test")
    accepted = Intake(repository, MemoryWorkflowEngine()).accept(content(), "correlation-1", channel)
    return repository, repository.load(accepted.order_id)


REASONS = (Reason("unknown_sku", "line 1: X is not in the catalogue"), Reason("total_mismatch", "says 1.00 EUR"))


CASES: list[tuple[Event, str, str, str]] = [
    (OrderConfirmed("C-17"), "confirmed", "", ""),
    (OrderRejected(REASONS), "rejected", "unknown_sku", "line 1: X is not in the catalogue; says 1.00 EUR"),
    (OrderCancelled("ops", "by phone"), "cancelled", "cancelled", "cancelled by ops: by phone"),
    (
        OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"),
        "failed",
        "failed",
        "waits for an operator: DependencyTimeout in CapturePayment",
    ),
]


@pytest.mark.parametrize(("event", "kind", "code", "reason"), CASES)
def test_outcomes_are_told(event: Event, kind: str, code: str, reason: str) -> None:
    repository, order = an_order()
    order = repository.append(order, event)
    recorded = repository.events.load(order.order_id)
    entry = outbox_entry(recorded[-1], order)
    assert entry is not None
    assert (entry.kind, entry.reason_code, entry.reason) == (kind, code, reason)
    assert entry.confirmation_number == ("C-17" if kind == "confirmed" else "")
    assert (entry.source, entry.external_id, entry.order_id) == ("sap-emea", "SO-100045", order.order_id)
    assert (entry.version, entry.occurred_at) == (2, recorded[-1].recorded_at)


def test_the_acceptance_is_told_and_the_steps_in_between_are_not() -> None:
    repository, order = an_order()
    for event in (OrderValidated({}), InventoryReserved({"WIDGET-1": 3})):
        order = repository.append(order, event)
    order = repository.append(order, OrderFailed("s", "e", "m", "f"))
    order = repository.append(order, OrderRedriven(2, "ops", "again"))
    outbox = MemoryOutbox()
    listen = listener(outbox)
    for _ in range(2):  # a stream delivers at least once
        for recorded in repository.events.load(order.order_id):
            listen(recorded, order)
    assert [entry.kind for entry in outbox.pending("sap-emea", 10)] == ["received", "failed"]


def test_orders_that_were_pushed_are_not_answered_in_a_database() -> None:
    repository, order = an_order(channel="rest")
    assert outbox_entry(repository.events.load(order.order_id)[0], order) is None


def test_a_reason_has_a_bounded_length() -> None:
    repository, order = an_order()
    order = repository.append(order, OrderRejected((Reason("long", "x" * 10_000),)))
    entry = outbox_entry(repository.events.load(order.order_id)[-1], order)
    assert entry is not None
    assert len(entry.reason) == 500


def test_what_is_final_is_not_taken_back() -> None:
    assert outranks("confirmed", "received")
    assert outranks("rejected", "failed")
    assert not outranks("received", "confirmed")
    assert not outranks("confirmed", "confirmed")
    assert not outranks("something of a later version", "received")


def test_the_fold_is_not_needed_to_know_the_channel_of_an_old_order() -> None:
    """The consumer passes the order as it stands now, which may be later than the event."""
    repository, order = an_order()
    order = repository.append(order, OrderConfirmed("C-1"))
    first = repository.events.load(order.order_id)[0]
    assert outbox_entry(first, order) == outbox_entry(first, fold([first]))
    batch = replace(order.revisions[0], channel="batch")
    assert outbox_entry(first, replace(order, revisions=(batch,))) is None


def test_the_second_outcome_of_an_order_that_came_again_is_told_like_the_first() -> None:
    repository, order = an_order()
    for event in (REJECTION, OrderRejected(REASONS)):
        order = repository.append(order, event)
    order = repository.append(order, revised(2))
    order = repository.append(order, OrderConfirmed("C-17"))
    outbox = MemoryOutbox()
    for recorded in repository.events.load(order.order_id):
        listener(outbox)(recorded, order)
    told = [(entry.kind, entry.revision) for entry in outbox.pending("sap-emea", 10)]
    assert told == [("received", 1), ("rejected", 1), ("received", 2), ("confirmed", 2)]


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        (("poller", "rest"), ["received", "rejected", "received", "confirmed"]),
        (("rest", "poller"), ["received", "confirmed"]),
        (("batch", "rest"), []),
    ],
)
def test_an_order_that_was_polled_once_is_answered_in_the_database(channels: tuple[str, str], told: list[str]) -> None:
    """Whoever has mended it since; and what happened before it was polled is not told there, however late it comes."""
    first, second = channels
    repository, order = an_order(first)
    revision = replace(revised(2), channel=second)
    for event in (REJECTION, OrderRejected(REASONS), revision, OrderConfirmed("C-17")):
        order = repository.append(order, event)
    entries = [outbox_entry(recorded, order) for recorded in repository.events.load(order.order_id)]
    assert [entry.kind for entry in entries if entry] == told
