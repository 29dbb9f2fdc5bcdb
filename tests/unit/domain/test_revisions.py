"""A number that comes again after its order was closed without delivery: the order begins anew, its history stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.decisions import decide_failure, decide_redrive, decide_revision
from chalicelib.domain.errors import CorruptHistory, Refused
from chalicelib.domain.events import (
    ErpAcknowledged,
    Event,
    OrderCancelled,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    OrderRevised,
)
from chalicelib.domain.ids import revision_key, revision_of_key
from chalicelib.domain.state import Order, Revision, Status, evolve, fold
from tests.support.builders import NOW, content, line
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
    RESERVED,
    STUCK_IN_CANCELLATION,
    STUCK_IN_REJECTION,
    VALIDATED,
    in_attempt,
    redriven,
    revised,
)
from tests.support.domain.specification import Row, given, order_after, recorded, table

AGAIN = content("SO-1", line(quantity=4))
SECOND = OrderRevised(AGAIN, AGAIN.payload_hash(), 2, "batch")
THIRD = replace(SECOND, revision=3)


def decide(order: Order) -> OrderRevised:
    return decide_revision(order, AGAIN, "batch")


ON_ITS_WAY = "it is {} and goes on; send it again if it is REJECTED or CANCELLED in the end"
PARKED = "it is FAILED and waits for an operator; send it again when it is REJECTED or CANCELLED"
HOLDS = "it is {}, but something is still reserved or paid; an operator must look after it"
STILL_RESERVED = (*RESERVED, REJECTION, OrderRejected((HOLD,)))
STILL_PAID = (*PAID, CANCELLATION, RELEASE, OrderCancelled("anna", "wrong size"))


@table(
    given("rejected, everything given back", *REJECTED).then(SECOND),
    given("cancelled, everything given back", *CANCELLED).then(SECOND),
    given("rejected before anything was held", *RECEIVED, REJECTION, OrderRejected((HOLD,))).then(SECOND),
    given("rejected, and the ERP knows", *REJECTED, ErpAcknowledged("http", "REJECTED")).then(SECOND),
    given("rejected again", *REJECTED, revised(2), REJECTION, OrderRejected((HOLD,))).then(THIRD),
    given("received", *RECEIVED).then_raises(Refused, ON_ITS_WAY.format("RECEIVED")),
    given("paid", *PAID).then_raises(Refused, ON_ITS_WAY.format("PAID")),
    given("revised, and running", *REJECTED, revised(2)).then_raises(Refused, ON_ITS_WAY.format("RECEIVED")),
    given("being rejected", *BEING_REJECTED).then_raises(
        Refused, "it is being undone; send it again when it is REJECTED"
    ),
    given("being cancelled", *BEING_CANCELLED).then_raises(
        Refused, "it is being undone; send it again when it is CANCELLED"
    ),
    given("failed", *FAILED).then_raises(Refused, PARKED),
    given("stuck while being cancelled", *STUCK_IN_CANCELLATION).then_raises(Refused, PARKED),
    given("stuck while being rejected", *STUCK_IN_REJECTION).then_raises(Refused, PARKED),
    given("confirmed", *CONFIRMED).then_raises(
        Refused, "it is CONFIRMED and on its way; a further order needs an external_id of its own"
    ),
    given("closed although it holds stock", *STILL_RESERVED).then_raises(Refused, HOLDS.format("REJECTED")),
    given("closed although it holds money", *STILL_PAID).then_raises(Refused, HOLDS.format("CANCELLED")),
)
def test_a_closed_order_that_holds_nothing_begins_anew(row: Row) -> None:
    row.when(decide)


def rejected_in(revision: int) -> tuple[Event, ...]:
    """An order that was rejected as often, before anything was held."""
    closed = (REJECTION, OrderRejected((HOLD,)))
    return (*RECEIVED, *closed, *(event for number in range(2, revision + 1) for event in (revised(number), *closed)))


@table(
    given("rejected in the last revision but one", *rejected_in(49)).then(replace(SECOND, revision=50)),
    given("rejected in the last revision", *rejected_in(50)).then_raises(
        Refused, "it has had 50 revisions, the most allowed; send it under a new external_id"
    ),
)
def test_the_revisions_of_a_number_are_bounded(row: Row) -> None:
    row.when(decide)


@pytest.mark.parametrize(
    "history",
    [
        REJECTED,
        CANCELLED,
        (*in_attempt(3), REJECTION, RELEASE, OrderRejected((HOLD,))),
        (*REJECTED, ErpAcknowledged("sql", "rejected")),
        (*STUCK_IN_REJECTION, redriven(2), REFUND, RELEASE, OrderRejected((HOLD,))),
    ],
    ids=["rejected", "cancelled", "in the third attempt", "acknowledged", "after a failure"],
)
def test_a_revised_order_is_as_new_but_for_its_past(history: tuple[Event, ...]) -> None:
    before, order = order_after(*history), order_after(*history, SECOND)
    sequence, at = len(history) + 1, NOW + timedelta(seconds=len(history))
    attempt = before.attempt + 1
    assert order == Order(
        order_id="o-1",
        version=sequence,
        content=AGAIN,
        payload_hash=SECOND.payload_hash,
        channel="batch",
        correlation_id="correlation-1",
        received_at=NOW,
        updated_at=at,
        revisions=(*before.revisions, Revision(2, sequence, attempt, "batch", "correlation-1", at)),
        attempt=attempt,
    )
    assert (order.status, order.is_final, order.is_undone, order.revision) == (Status.RECEIVED, False, False, 2)


def test_a_revision_belongs_to_whoever_brought_it() -> None:
    *first, last = recorded(*REJECTED, SECOND)
    order = fold([*first, replace(last, correlation_id="correlation-2")])
    assert order.correlation_id == "correlation-2"
    assert [one.correlation_id for one in order.revisions] == ["correlation-1", "correlation-2"]


def test_every_event_belongs_to_a_revision() -> None:
    order = order_after(*REJECTED, SECOND, *VALIDATED[1:])
    numbers = [order.revision_at(sequence).number for sequence in range(1, order.version + 1)]
    assert numbers == [1] * len(REJECTED) + [2, 2]


@pytest.mark.parametrize(
    "history", [RECEIVED, PAID, BEING_REJECTED, FAILED, CONFIRMED], ids=lambda events: type(events[-1]).__name__
)
def test_an_order_that_is_not_closed_cannot_be_revised(history: tuple[Event, ...]) -> None:
    order = order_after(*history)
    [one] = recorded(SECOND)
    with pytest.raises(CorruptHistory, match=f"OrderRevised (after|cannot follow) {order.status}"):
        evolve(order, replace(one, sequence=order.version + 1))


@pytest.mark.parametrize("number", [1, 3])
def test_revisions_are_without_gaps(number: int) -> None:
    with pytest.raises(CorruptHistory, match="OrderRevised after REJECTED"):
        order_after(*REJECTED, replace(SECOND, revision=number))


def test_the_second_outcome_is_told_like_the_first() -> None:
    told = ErpAcknowledged("http", "REJECTED")
    order = order_after(*REJECTED, told, SECOND, *rejected_in(1)[1:])
    assert order.acknowledged == ()
    assert order_after(*REJECTED, told, SECOND, *rejected_in(1)[1:], told).acknowledged == ("REJECTED",)


def test_attempts_go_on_counting_and_tries_begin_anew() -> None:
    history = (*in_attempt(3), REJECTION, RELEASE, OrderRejected((HOLD,)), SECOND)
    order, redone = order_after(*history), order_after(*history, FAILURE, redriven(5))
    assert [(one.attempt, one.tries) for one in (order, redone)] == [(4, 1), (5, 2)]


@pytest.mark.parametrize(
    ("attempt", "left"), [(0, False), (1, True), (3, True), (4, False), (5, False)], ids=lambda value: str(value)
)
def test_an_attempt_of_an_earlier_revision_has_no_say(attempt: int, left: bool) -> None:
    closing = (REJECTION, RELEASE, OrderRejected((HOLD,)))
    assert order_after(*in_attempt(3), *closing, SECOND).has_left(attempt) is left
    assert not order_after(*in_attempt(3), *closing).has_left(attempt), "of the first revision each has its say"


@pytest.mark.parametrize(
    ("history", "nothing"),
    [
        (VALIDATED, True),
        (RESERVED, False),
        ((*RESERVED, REJECTION, RELEASE), True),
        (PAID, False),
        ((*BEING_REJECTED, REFUND), False),
        ((*BEING_REJECTED, RELEASE), False),
        ((*BEING_REJECTED, REFUND, RELEASE), True),
        ((*VALIDATED, PAYMENT, REFUND), True),
    ],
)
def test_what_an_order_holds(history: tuple[Event, ...], nothing: bool) -> None:
    assert order_after(*history).holds_nothing is nothing


MANY = (*in_attempt(50), FAILURE, CANCELLATION, redriven(51), RELEASE, OrderCancelled("anna", "wrong size"), SECOND)


@table(
    given("failed in the first try of a revision", *MANY, FAILURE).then(OrderRedriven(53, "bert", "fixed in 1.2")),
    given(
        "failed in the last try of a revision",
        *MANY,
        *(event for number in range(53, 102) for event in (FAILURE, redriven(number))),
        FAILURE,
    ).then_raises(Refused, "the order has had 50 attempts, the most allowed; cancel it"),
)
def test_every_revision_has_its_own_attempts(row: Row) -> None:
    row.when(lambda order: decide_redrive(order, "bert", "fixed in 1.2"))


LATE = OrderFailed("CapturePayment", "DependencyTimeout", "no answer", "0123456789ab", attempts=1)


@table(
    given("the attempt that runs", *in_attempt(3)).then(LATE),
    given("an attempt that was overtaken", *in_attempt(4)).then_nothing(),
    given("an attempt of an earlier revision", *in_attempt(3), REJECTION, RELEASE, OrderRejected((HOLD,)), SECOND)
    .then_nothing(),
    given("parked already", *in_attempt(3), FAILURE).then_nothing(),
)  # fmt: skip
def test_a_failure_speaks_for_its_own_attempt(row: Row) -> None:
    row.when(lambda order: decide_failure(order, LATE, attempt=3))


def test_a_failure_of_no_known_attempt_speaks_for_the_one_that_runs() -> None:
    assert decide_failure(order_after(*in_attempt(4)), LATE) == LATE


@pytest.mark.parametrize(("revision", "key"), [(1, "o-1"), (2, "o-1.2"), (17, "o-1.17")])
def test_what_belongs_to_a_revision_is_named_by_it(revision: int, key: str) -> None:
    assert revision_key("o-1", revision) == key
    assert revision_of_key(key) == ("o-1", revision)
