"""The limit of attempts bounds what goes forward and what nobody has asked for; it stands in no undoing's way."""

from __future__ import annotations

import pytest

from chalicelib.domain.decisions import (
    MAX_ATTEMPTS,
    attempts_are_spent,
    decide_giving_up,
    decide_redrive,
    decide_restart,
    decide_undoing,
)
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import CancellationRequested, Event, OrderRedriven
from tests.support.domain.histories import (
    BEING_CANCELLED,
    BEING_REJECTED,
    CANCELLATION,
    CONFIRMED,
    FAILED,
    FAILURE,
    PAID,
    REJECTED,
    REJECTION,
    STUCK,
    STUCK_IN_CANCELLATION,
    STUCK_IN_REJECTION,
    in_attempt,
    redriven,
)
from tests.support.domain.specification import Row, given, order_after, table

LAST = in_attempt(MAX_ATTEMPTS)
AT_THE_LIMIT = (*LAST, FAILURE)
CANCELLED_AT_THE_LIMIT = (*LAST, CANCELLATION, STUCK)
REJECTED_AT_THE_LIMIT = (*LAST, REJECTION, STUCK)


def attempts_after(last: int) -> tuple[Event, ...]:
    """Executions that ended without a word, up to that attempt."""
    return tuple(redriven(attempt) for attempt in range(2, last + 1))


MOST = "the order has had 50 attempts, the most allowed; cancel it"


@table(
    given("failed in the last attempt", *AT_THE_LIMIT).then_raises(Refused, MOST),
    given("stuck while being cancelled", *CANCELLED_AT_THE_LIMIT).then(OrderRedriven(51, "bert", "fixed")),
    given("stuck while being rejected", *REJECTED_AT_THE_LIMIT).then(OrderRedriven(51, "bert", "fixed")),
    given("stuck, cancelled since its first attempt", *BEING_CANCELLED, *attempts_after(50), STUCK).then(
        OrderRedriven(51, "bert", "fixed")
    ),
    given("stuck again beyond it", *CANCELLED_AT_THE_LIMIT, redriven(51), STUCK).then(
        OrderRedriven(52, "bert", "fixed")
    ),
)
def test_at_the_limit_only_an_order_that_is_undone_is_redriven(row: Row) -> None:
    row.when(lambda order: decide_redrive(order, "bert", "fixed"))


@table(
    given("on its way", *LAST).then_raises(Refused, MOST),
    given("being cancelled since its first attempt", *BEING_CANCELLED, *attempts_after(50)).then_raises(Refused, MOST),
    given("being rejected since its first attempt", *BEING_REJECTED, *attempts_after(50)).then_raises(Refused, MOST),
    given("rejected, although it was cancelled", *BEING_CANCELLED, *attempts_after(50), REJECTION).then_raises(
        Refused, MOST
    ),
)
def test_at_the_limit_nothing_is_restarted_by_itself(row: Row) -> None:
    row.when(lambda order: decide_restart(order, "sweeper", "gone"))


@table(
    given("cancelled in its last attempt", *LAST, CANCELLATION).then(OrderRedriven(51, "sweeper", "gone")),
    given("rejected in its last attempt", *LAST, REJECTION).then(OrderRedriven(51, "sweeper", "gone")),
    given("rejected in its second attempt", *in_attempt(2), REJECTION, *attempts_after(50)).then(
        OrderRedriven(51, "sweeper", "gone")
    ),
)
def test_an_undoing_has_attempts_of_its_own(row: Row) -> None:
    """It was promised when the order was at its limit already."""
    row.when(lambda order: decide_restart(order, "sweeper", "gone"))


@pytest.mark.parametrize(
    ("number", "spent"), [(1, False), (49, False), (50, True), (51, True)], ids=["1", "49", "50", "51"]
)
def test_attempts_are_spent_with_the_last_one_allowed(number: int, spent: bool) -> None:
    assert attempts_are_spent(order_after(*in_attempt(number))) is spent


REQUEST = CancellationRequested("bert", "gone")


def again(attempt: int) -> OrderRedriven:
    return OrderRedriven(attempt, "bert", "cancellation: gone")


@pytest.mark.parametrize(
    ("events", "decided"),
    [
        pytest.param(PAID, (REQUEST,), id="on its way"),
        pytest.param(FAILED, (REQUEST, again(2)), id="failed"),
        pytest.param(LAST, (REQUEST,), id="in its last attempt"),
        pytest.param(AT_THE_LIMIT, (REQUEST, again(51)), id="failed in its last attempt"),
        pytest.param(STUCK_IN_CANCELLATION, (again(2),), id="stuck while being cancelled"),
        pytest.param(CANCELLED_AT_THE_LIMIT, (again(51),), id="the same in its last attempt"),
    ],
)
def test_a_cancellation_is_decided_as_a_whole(events: tuple[Event, ...], decided: tuple[Event, ...]) -> None:
    assert decide_undoing(order_after(*events), "bert", "gone") == decided
    assert decide_giving_up(order_after(*events), "bert", "gone") == decided


@pytest.mark.parametrize("events", [CONFIRMED, REJECTED], ids=["confirmed", "rejected"])
def test_what_has_ended_is_not_undone(events: tuple[Event, ...]) -> None:
    for decide in (decide_undoing, decide_giving_up):
        with pytest.raises(Refused):
            decide(order_after(*events), "bert", "gone")


def test_an_order_that_fails_while_it_is_rejected_cannot_be_cancelled_but_given_up() -> None:
    for events, attempt in ((STUCK_IN_REJECTION, 2), (REJECTED_AT_THE_LIMIT, 51)):
        order = order_after(*events)
        with pytest.raises(Refused, match="being rejected"):
            decide_undoing(order, "bert", "gone")
        assert decide_giving_up(order, "bert", "gone") == (OrderRedriven(attempt, "bert", "discarded: gone"),)
