"""The sweeper beside operators, consumers and executions: it decides on what it has looked at, and announces once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.events import CancellationRequested
from chalicelib.domain.state import Status
from chalicelib.recovery.sweeper import ANNOUNCED_AGAIN_AFTER
from tests.support.builders import content
from tests.support.operations import BUG, TIMEOUT, FakeApplication


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


def in_triage(app: FakeApplication) -> str:
    """An order that waits for its operator."""
    order_id = app.accept()
    app.consumer(json.dumps(failed_order_message(app.park(order_id, BUG))))
    assert app.letters.get(BUG.fingerprint, order_id)
    return order_id


@dataclass
class Meanwhile:
    """A workflow engine in which nothing runs, and something happens while the sweeper asks."""

    app: FakeApplication
    happens: Callable[[], object]

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        return self.app.workflow.start(order_id, correlation_id, attempt)

    def is_running(self, order_id: str, attempt: int) -> bool:
        self.happens()
        return False


def test_an_order_that_is_parked_between_look_and_decision_waits_for_its_operator(app: FakeApplication) -> None:
    order_id = app.accept()
    app.workflow.ended.add((order_id, 1))
    app.clock.advance(3600)
    engine = Meanwhile(app, lambda: app.park(order_id, BUG))
    assert replace(app.sweeper, workflow=engine)()["restarted"] == 0
    assert (app.order(order_id).status, app.order(order_id).attempt) == (Status.FAILED, 1)


def test_an_order_that_is_redriven_between_look_and_decision_gets_no_second_attempt(app: FakeApplication) -> None:
    order_id = app.accept()
    app.workflow.ended.add((order_id, 1))
    app.park(order_id, BUG)
    app.commands.redrive(order_id, "anna", "fixed")
    app.workflow.ended.add((order_id, 2))
    app.project(order_id)
    app.clock.advance(3600)

    def redriven() -> None:
        app.park(order_id, BUG)
        app.commands.redrive(order_id, "anna", "fixed again")

    replace(app.sweeper, workflow=Meanwhile(app, redriven))()
    assert app.order(order_id).attempt == 3


def test_a_received_order_that_is_retrying_is_not_started_again(app: FakeApplication) -> None:
    """Step Functions answers a second start of a running execution as if it were the first."""

    class AlwaysStarts(Meanwhile):
        def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
            return True

        def is_running(self, order_id: str, attempt: int) -> bool:
            return True

    app.accept()
    app.clock.advance(3600)
    assert replace(app.sweeper, workflow=AlwaysStarts(app, lambda: None))()["started"] == 0


def test_a_cancellation_counts_before_the_letter(app: FakeApplication) -> None:
    """The process of whoever cancelled died before the next attempt was appended; the order is in triage."""
    order_id = in_triage(app)
    app.repository().append(app.order(order_id), CancellationRequested("anna", "not needed"))
    app.project(order_id)
    app.clock.advance(61)
    assert app.sweeper()["restarted"] == 1
    assert app.workflow.started[-1] == (order_id, "correlation-1", 2)


def test_a_compensation_that_failed_is_announced_and_not_repeated(app: FakeApplication) -> None:
    order_id = app.accept()
    app.commands.cancel(order_id, "anna", "not needed")
    app.park(order_id, replace(BUG, step="RefundPayment"))
    app.queue.sent.clear()
    app.clock.advance(61)
    counts = app.sweeper()
    assert (counts["announced"], counts["restarted"]) == (1, 0)
    assert app.order(order_id).status is Status.FAILED


def test_a_letter_of_an_earlier_attempt_does_not_stand_for_this_one(app: FakeApplication) -> None:
    order_id = in_triage(app)
    app.commands.redrive(order_id, "anna", "fixed")
    app.park(order_id, BUG)
    app.queue.sent.clear()
    app.clock.advance(61)
    assert app.sweeper()["announced"] == 1
    assert app.queue.sent[-1][0]["attempt"] == 2


@dataclass
class Queue:
    """The dead-letter queue with its delays; its consumer may be down."""

    app: FakeApplication
    delivered: int = 0
    waiting: list[tuple[datetime, str]] = field(default_factory=list)

    def deliver(self) -> None:
        """All that is due now, each once."""
        now = self.app.clock.now()
        self.waiting += [(now + timedelta(seconds=delay_s), json.dumps(body)) for body, delay_s in self.app.queue.sent]
        self.app.queue.sent.clear()
        due = [body for at, body in self.waiting if at <= now]
        self.waiting = [(at, body) for at, body in self.waiting if at > now]
        for body in due:
            self.delivered += 1
            self.app.consumer(body)

    @property
    def length(self) -> int:
        return len(self.waiting) + len(self.app.queue.sent)


def test_messages_do_not_multiply_while_the_consumer_is_down(app: FakeApplication) -> None:
    """A day without a consumer, then an hour with one while the circuit is open: one message for each order."""
    orders = [app.accept(content(f"SO-{number}")) for number in range(3)]
    for order_id in orders:
        app.park(order_id, TIMEOUT)
    queue = Queue(app)
    for _ in range(60):
        app.clock.advance(60)
        app.sweeper()
    assert queue.length == 2 * len(orders), "what the workflow sent, and one announcement"
    for _ in range(23 * 60):
        app.clock.advance(60)
        app.sweeper()
    assert queue.length <= (1 + 24) * len(orders), "one an hour"

    app.open_circuits.add("payment")
    for _ in range(60):
        queue.deliver()
        app.clock.advance(60)
        app.sweeper()
    assert queue.length == len(orders)
    delivered = queue.delivered
    for _ in range(10):
        queue.deliver()
        app.clock.advance(60)
    assert queue.delivered - delivered <= 10 * len(orders), "one chain for each order"

    app.open_circuits.clear()
    queue.deliver()
    queue.deliver()
    assert [app.order(order_id).attempt for order_id in orders] == [2, 2, 2]
    assert queue.length == 0


def test_a_redrive_that_is_lost_is_found_and_scheduled_anew(app: FakeApplication) -> None:
    order_id = app.accept()
    app.park(order_id, TIMEOUT)
    queue = Queue(app)
    queue.deliver()
    app.queue.sent.clear()  # the redrive, in some way
    queue.waiting.clear()
    minutes = int(ANNOUNCED_AGAIN_AFTER.total_seconds()) // 60
    for _ in range(minutes + 3):
        app.clock.advance(60)
        app.sweeper()
        queue.deliver()
    assert app.order(order_id).attempt == 2


def test_an_order_that_waits_for_its_operator_is_announced_no_more(app: FakeApplication) -> None:
    app.park(app.accept(), BUG)
    queue = Queue(app)
    queue.deliver()
    for _ in range(60 * 24):
        app.clock.advance(60)
        assert app.sweeper()["announced"] == 0
    assert queue.length == 0


def test_an_announcement_that_could_not_be_sent_is_not_remembered(app: FakeApplication) -> None:
    class DeadQueue:
        def send(self, message: object, delay_s: int = 0) -> None:
            raise DependencyUnavailable("sqs", "outage")

        def park(self, body: str, reason: str) -> None:
            raise AssertionError("nothing is parked")

    app.park(app.accept(), BUG)
    app.queue.sent.clear()
    app.clock.advance(61)
    with pytest.raises(DependencyUnavailable):
        replace(app.sweeper, queue=DeadQueue())()
    assert app.sweeper()["announced"] == 1
