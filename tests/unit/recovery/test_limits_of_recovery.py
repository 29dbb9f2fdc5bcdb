"""Beyond each limit of recovery: an order at its last attempt is undone or waits for somebody who was told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.decisions import MAX_ATTEMPTS
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import CancellationRequested, OrderRedriven
from chalicelib.domain.state import Status
from chalicelib.ports import DeadLetter
from chalicelib.recovery.group_jobs import Action
from chalicelib.steps.reject_order import RejectOrder
from tests.support.operations import BUG, FakeApplication


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


def in_its_last_attempt(app: FakeApplication) -> str:
    order_id = app.accept()
    for attempt in range(2, MAX_ATTEMPTS + 1):
        app.repository().append(app.order(order_id), OrderRedriven(attempt, "anna", "again"))
    app.workflow.start(order_id, "correlation-1", MAX_ATTEMPTS)
    app.project(order_id)
    return order_id


def parked_at_the_limit(app: FakeApplication) -> str:
    order_id = in_its_last_attempt(app)
    app.consumer(json.dumps(failed_order_message(app.park(order_id, BUG))))
    return order_id


def letters(app: FakeApplication) -> list[DeadLetter]:
    return [letter for group in app.letters.groups() for letter in app.letters.in_group(group.fingerprint, 10)]


def test_at_the_limit_an_order_can_still_be_cancelled(app: FakeApplication) -> None:
    order_id = parked_at_the_limit(app)
    with pytest.raises(Refused, match="50 attempts, the most allowed; cancel it"):
        app.commands.redrive(order_id, "anna", "fixed")
    order = app.commands.cancel(order_id, "anna", "not needed")
    assert order.status is Status.RECEIVED
    assert app.workflow.started[-1] == (order_id, "correlation-1", MAX_ATTEMPTS + 1)


def test_the_alert_at_the_limit_offers_only_what_is_possible(app: FakeApplication) -> None:
    order_id = in_its_last_attempt(app)
    app.park(order_id, BUG)
    _, text = app.alerts.published[-1]
    assert f"POST /orders/{order_id}/cancel" in text
    assert "redrive" not in text


def test_a_group_at_the_limit_is_discarded(app: FakeApplication) -> None:
    order_id = parked_at_the_limit(app)
    job = app.group_jobs.request(BUG.fingerprint, Action.DISCARD, 50, by="anna", reason="customer is gone")
    assert job is not None
    app.group_jobs.work(job.job_id)
    done = app.jobs.load(job.job_id)
    assert done is not None
    assert (done.total, done.done, done.refused, done.confirmed) == (1, 1, 0, 1)
    assert app.workflow.started[-1] == (order_id, "correlation-1", MAX_ATTEMPTS + 1)
    RejectOrder(app.repository("RejectOrder"))(order_id)
    assert app.order(order_id).status is Status.CANCELLED


def vanishing(app: FakeApplication, order_id: str, hours: int) -> None:
    """Every execution of the order ends at once without a word, for hours; sweeps that find it silent."""
    for _ in range(6 * hours):
        app.workflow.ended |= {(one, attempt) for one, _, attempt in app.workflow.started}
        app.clock.advance(600)
        app.sweeper()
        app.project(order_id)


def test_an_order_whose_executions_vanish_is_given_up_and_a_person_is_told(app: FakeApplication) -> None:
    order_id = app.accept()
    vanishing(app, order_id, hours=24)
    order = app.order(order_id)
    assert (order.status, order.attempt) == (Status.FAILED, MAX_ATTEMPTS)
    [(subject, text)] = app.alerts.published
    assert subject.startswith("Order parked: OrderWorkflow GivenUp")
    assert "given up after 50 attempts" in text
    assert f"POST /orders/{order_id}/cancel" in text
    for message, _ in list(app.queue.sent):
        app.consumer(json.dumps(message))
    [letter] = letters(app)
    assert (letter.failed.order_id, letter.failed.error, letter.redrive_at) == (order_id, "GivenUp", None)
    app.commands.cancel(order_id, "anna", "not needed")
    assert app.workflow.started[-1] == (order_id, "correlation-1", MAX_ATTEMPTS + 1)


def test_an_undoing_whose_executions_vanish_is_given_up_as_stuck(app: FakeApplication) -> None:
    """A person may set it in motion again as often as it takes; each time it is told when it is given up."""
    order_id = app.accept()
    app.commands.cancel(order_id, "anna", "not needed")
    vanishing(app, order_id, hours=24)
    assert app.order(order_id).status is Status.FAILED
    app.commands.redrive(order_id, "anna", "the deployment is mended")
    vanishing(app, order_id, hours=1)
    assert app.order(order_id).status is Status.FAILED
    assert [subject.partition(":")[0] for subject, _ in app.alerts.published] == ["Money or stock is stuck"] * 2
    app.commands.redrive(order_id, "anna", "the deployment is mended")
    RejectOrder(app.repository("RejectOrder"))(order_id)
    assert app.order(order_id).status is Status.CANCELLED


def test_giving_up_looks_once_more(app: FakeApplication) -> None:
    """The last execution has ended well between the look and the verdict."""
    order_id = in_its_last_attempt(app)
    app.workflow.ended.add((order_id, MAX_ATTEMPTS))
    app.clock.advance(3600)

    class EndsMeanwhile:
        def start(self, *_: object) -> bool:
            return False  # it was started before

        def is_running(self, *_: object) -> bool:
            repository = app.repository()
            repository.append(repository.load(order_id), CancellationRequested("bert", "ordered twice"))
            RejectOrder(app.repository("RejectOrder"))(order_id)
            return False

    replace(app.sweeper, workflow=EndsMeanwhile())()
    assert app.order(order_id).status is Status.CANCELLED
    assert app.alerts.published == []


def test_the_limit_counts_for_a_revision(app: FakeApplication) -> None:
    order_id = parked_at_the_limit(app)
    app.commands.cancel(order_id, "anna", "sent again")
    RejectOrder(app.repository("RejectOrder"))(order_id)
    app.accept()
    vanishing(app, order_id, hours=2)
    assert app.order(order_id).outcome is None
    app.clock.advance(timedelta(days=1).total_seconds())
    app.park(order_id, BUG)
    app.commands.redrive(order_id, "anna", "fixed")
    assert app.order(order_id).status is Status.RECEIVED


def test_a_cancellation_that_was_accepted_at_the_limit_is_carried_out(app: FakeApplication) -> None:
    """The last execution was gone already when it was answered with 202."""
    order_id = in_its_last_attempt(app)
    app.workflow.ended.add((order_id, MAX_ATTEMPTS))
    app.commands.cancel(order_id, "anna", "not needed")
    app.clock.advance(601)
    assert app.sweeper()["restarted"] == 1
    assert app.workflow.started[-1] == (order_id, "correlation-1", MAX_ATTEMPTS + 1)
