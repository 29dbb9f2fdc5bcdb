"""The sweeper: every order that nothing carries on is found, started once, and left alone otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from chalicelib.domain.errors import CorruptHistory
from chalicelib.domain.events import CancellationRequested, OrderConfirmed, OrderRejected, RecordedEvent
from chalicelib.domain.state import Status
from chalicelib.ports import Append
from chalicelib.recovery import sweeper as module
from tests.support.builders import content
from tests.support.domain.histories import REJECTION
from tests.support.operations import BUG, FakeApplication


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


def accepted_without_start(app: FakeApplication, external_id: str = "SO-1") -> str:
    order_id = app.accept(content(external_id))
    app.workflow.started.clear()
    return order_id


def test_an_order_that_was_never_started_is_started_once(app: FakeApplication) -> None:
    order_id = accepted_without_start(app)
    assert app.sweeper()["started"] == 0, "too young: its start may be on the way"
    app.clock.advance(61)
    assert app.sweeper()["started"] == 1
    assert app.sweeper()["started"] == 0
    assert app.workflow.started == [(order_id, "correlation-1", 1)]
    assert app.types(order_id) == ["OrderReceived"]


def test_a_revision_that_was_never_started_is_started_once(app: FakeApplication) -> None:
    order_id = app.accept(content("SO-1"))
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        app.repository().append(app.order(order_id), event)
    app.clock.advance(3600)
    accepted_without_start(app)
    assert app.sweeper()["started"] == 0, "too young, though its number is old"
    app.clock.advance(61)
    assert app.sweeper()["started"] == 1
    assert app.workflow.started == [(order_id, "correlation-1", 2)]


def test_a_running_execution_is_left_alone(app: FakeApplication) -> None:
    app.accept()
    app.clock.advance(3600)
    assert app.sweeper() == {"seen": 1, "started": 0, "restarted": 0, "announced": 0, "unreadable": 0}


def test_an_order_whose_execution_is_gone_gets_another_attempt(app: FakeApplication) -> None:
    order_id = app.accept()
    app.workflow.ended.add((order_id, 1))
    app.clock.advance(300)
    assert app.sweeper()["restarted"] == 0, "not silent for long enough"
    app.clock.advance(301)
    assert app.sweeper()["restarted"] == 1
    assert app.workflow.started[-1] == (order_id, "correlation-1", 2)
    assert app.order(order_id).attempt == 2


def test_a_stale_row_moves_nothing(app: FakeApplication) -> None:
    order_id = app.accept()
    app.workflow.ended.add((order_id, 1))
    repository = app.repository()
    repository.append(repository.load(order_id), OrderConfirmed("OB-1"))
    app.clock.advance(3600)
    assert app.sweeper()["restarted"] == 0
    assert app.order(order_id).status is Status.CONFIRMED


def test_a_parked_order_without_a_letter_is_announced_again(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id, BUG)
    app.queue.sent.clear()
    app.clock.advance(61)
    assert app.sweeper()["announced"] == 1
    message, _ = app.queue.sent[-1]
    assert (message["order_id"], message["fingerprint"]) == (order_id, failed.fingerprint)


def test_a_cancelled_parked_order_is_set_in_motion(app: FakeApplication) -> None:
    order_id = app.accept()
    app.park(order_id, BUG)
    repository = app.repository()
    repository.append(repository.load(order_id), CancellationRequested("anna", "not needed"))
    app.project(order_id)
    app.clock.advance(61)
    assert app.sweeper()["restarted"] == 1
    assert app.workflow.started[-1] == (order_id, "correlation-1", 2)


def test_an_order_that_cannot_be_read_holds_up_no_other(app: FakeApplication) -> None:
    orders = [accepted_without_start(app, f"SO-{number}") for number in range(3)]
    app.clock.advance(61)

    class OneUnreadable:
        """The event store, in which the history of the second order is damaged."""

        def load(self, order_id: str) -> Sequence[RecordedEvent]:
            if order_id == orders[1]:
                raise CorruptHistory(f"order {order_id}, event 1 cannot be read")
            return app.events.load(order_id)

        def append(self, append: Append) -> RecordedEvent:
            return app.events.append(append)

        def order_ids(self) -> Iterator[str]:
            return app.events.order_ids()

    sweeper = app.sweeper
    counts = replace(sweeper, repository=replace(sweeper.repository, events=OneUnreadable()))()
    assert (counts["started"], counts["unreadable"]) == (2, 1)
    assert {order_id for order_id, _, _ in app.workflow.started} == {orders[0], orders[2]}


@pytest.mark.parametrize("bookmark", ["FAILED not-a-cursor", "CONFIRMED x", "NONSENSE y"])
def test_a_bookmark_of_another_release_is_the_beginning(app: FakeApplication, bookmark: str) -> None:
    accepted_without_start(app)
    app.clock.advance(61)
    app.bookmark.save(bookmark)
    assert app.sweeper()["started"] == 1
    assert app.bookmark.load() == ""


def test_more_orders_than_one_sweep_can_look_at(app: FakeApplication) -> None:
    orders = [accepted_without_start(app, f"SO-{number}") for number in range(3 * module.PAGE)]
    app.clock.advance(61)

    class SlowEngine:
        """Every start takes a second, so that one sweep ends before all orders had their turn."""

        def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
            app.clock.advance(1)
            return app.workflow.start(order_id, correlation_id, attempt)

        def is_running(self, order_id: str, attempt: int) -> bool:
            return app.workflow.is_running(order_id, attempt)

    sweeper = replace(app.sweeper, workflow=SlowEngine())
    sweeps = 0
    while len(app.workflow.started) < len(orders):
        sweeper()
        sweeps += 1
        assert sweeps < 10
    assert sweeps > 1
    assert sorted(order_id for order_id, _, _ in app.workflow.started) == sorted(orders)
