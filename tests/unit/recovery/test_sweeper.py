"""The sweeper: every order that nothing carries on is found, started once, and left alone otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.events import CancellationRequested, OrderConfirmed, RecordedEvent
from chalicelib.domain.state import Status
from chalicelib.ports import Append
from chalicelib.recovery import sweeper as module
from tests.support.builders import content
from tests.support.operations import BUG, FakeApplication


@pytest.fixture
def desk() -> FakeApplication:
    return FakeApplication()


def accepted_without_start(desk: FakeApplication, external_id: str = "SO-1") -> str:
    order_id = desk.accept(content(external_id))
    desk.workflow.started.clear()
    return order_id


def test_an_order_that_was_never_started_is_started_once(desk: FakeApplication) -> None:
    order_id = accepted_without_start(desk)
    assert desk.sweeper()["started"] == 0, "too young: its start may be on the way"
    desk.clock.advance(61)
    assert desk.sweeper()["started"] == 1
    assert desk.sweeper()["started"] == 0
    assert desk.workflow.started == [(order_id, "correlation-1", 1)]
    assert desk.types(order_id) == ["OrderReceived"]


def test_a_running_execution_is_left_alone(desk: FakeApplication) -> None:
    desk.accept()
    desk.clock.advance(3600)
    assert desk.sweeper() == {"seen": 1, "started": 0, "restarted": 0, "announced": 0, "unreadable": 0}


def test_an_order_whose_execution_is_gone_gets_another_attempt(desk: FakeApplication) -> None:
    order_id = desk.accept()
    desk.workflow.ended.add((order_id, 1))
    desk.clock.advance(300)
    assert desk.sweeper()["restarted"] == 0, "not silent for long enough"
    desk.clock.advance(301)
    assert desk.sweeper()["restarted"] == 1
    assert desk.workflow.started[-1] == (order_id, "correlation-1", 2)
    assert desk.order(order_id).attempt == 2


def test_a_stale_row_moves_nothing(desk: FakeApplication) -> None:
    order_id = desk.accept()
    desk.workflow.ended.add((order_id, 1))
    journal = desk.journal()
    journal.append(journal.load(order_id), OrderConfirmed("OB-1"))
    desk.clock.advance(3600)
    assert desk.sweeper()["restarted"] == 0
    assert desk.order(order_id).status is Status.CONFIRMED


def test_a_parked_order_without_a_letter_is_announced_again(desk: FakeApplication) -> None:
    order_id = desk.accept()
    failed = desk.park(order_id, BUG)
    desk.queue.sent.clear()
    desk.clock.advance(61)
    assert desk.sweeper()["announced"] == 1
    message, _ = desk.queue.sent[-1]
    assert (message["order_id"], message["fingerprint"]) == (order_id, failed.fingerprint)


def test_a_cancelled_parked_order_is_set_in_motion(desk: FakeApplication) -> None:
    order_id = desk.accept()
    desk.park(order_id, BUG)
    journal = desk.journal()
    journal.append(journal.load(order_id), CancellationRequested("anna", "not needed"))
    desk.project(order_id)
    desk.clock.advance(61)
    assert desk.sweeper()["restarted"] == 1
    assert desk.workflow.started[-1] == (order_id, "correlation-1", 2)


def test_an_order_that_cannot_be_read_holds_up_no_other(desk: FakeApplication) -> None:
    orders = [accepted_without_start(desk, f"SO-{number}") for number in range(3)]
    desk.clock.advance(61)

    class OneUnreadable:
        """The event store, in which the history of the second order is damaged."""

        def load(self, order_id: str) -> Sequence[RecordedEvent]:
            if order_id == orders[1]:
                raise CorruptHistory(f"order {order_id}, event 1 cannot be read")
            return desk.events.load(order_id)

        def append(self, append: Append) -> RecordedEvent:
            return desk.events.append(append)

        def order_ids(self) -> Iterator[str]:
            return desk.events.order_ids()

    sweeper = desk.sweeper
    counts = replace(sweeper, journal=replace(sweeper.journal, events=OneUnreadable()))()
    assert (counts["started"], counts["unreadable"]) == (2, 1)
    assert {order_id for order_id, _, _ in desk.workflow.started} == {orders[0], orders[2]}


@pytest.mark.parametrize("bookmark", ["FAILED not-a-cursor", "CONFIRMED x", "NONSENSE y"])
def test_a_bookmark_of_another_release_is_the_beginning(desk: FakeApplication, bookmark: str) -> None:
    accepted_without_start(desk)
    desk.clock.advance(61)
    desk.bookmark.save(bookmark)
    assert desk.sweeper()["started"] == 1
    assert desk.bookmark.load() == ""


def test_more_orders_than_one_sweep_can_look_at(desk: FakeApplication) -> None:
    orders = [accepted_without_start(desk, f"SO-{number}") for number in range(3 * module.PAGE)]
    desk.clock.advance(61)

    class SlowEngine:
        """Every start takes a second, so that one sweep ends before all orders had their turn."""

        def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
            desk.clock.advance(1)
            return desk.workflow.start(order_id, correlation_id, attempt)

        def is_running(self, order_id: str, attempt: int) -> bool:
            return True

    sweeper = replace(desk.sweeper, workflow=SlowEngine())
    sweeps = 0
    while len(desk.workflow.started) < len(orders):
        sweeper()
        sweeps += 1
        assert sweeps < 10
    assert sweeps > 1
    assert sorted(order_id for order_id, _, _ in desk.workflow.started) == sorted(orders)
