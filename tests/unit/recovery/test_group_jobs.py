"""A group of dead letters redriven or discarded at a stated rate, with progress, across messages and crashes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.errors import CorruptHistory, DependencyUnavailable, Refused
from chalicelib.domain.state import Order, Status
from chalicelib.orders.commands import OrderCommands
from chalicelib.recovery.group_jobs import Action, Job
from chalicelib.steps.reject_order import RejectOrder
from tests.support.builders import content
from tests.support.domain.histories import REJECTION
from tests.support.operations import BUG, FakeApplication

REFUND_FAILS = replace(BUG, step="RefundPayment")


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


def parked_group(app: FakeApplication, size: int) -> tuple[str, list[str]]:
    """A fingerprint and the ids of its failed orders."""
    orders = [app.accept(content(f"SO-{number}")) for number in range(size)]
    for order_id in orders:
        app.consumer(json.dumps(failed_order_message(app.park(order_id, BUG))))
    return BUG.fingerprint, orders


def run(app: FakeApplication, job: Job) -> Job:
    """Deliver the queue's job messages until the job is done."""
    while True:
        current = app.jobs.load(job.job_id)
        assert current is not None
        if current.finished_at is not None:
            return current
        app.consumer(json.dumps({"kind": "job", "job_id": job.job_id}))


def test_a_group_of_200_is_redriven_at_20_per_second(app: FakeApplication) -> None:
    fingerprint, orders = parked_group(app, 200)
    began = app.clock.now()
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 20, by="anna", reason="fixed in 1.2")
    assert job is not None
    assert job.total == 200
    done = run(app, job)
    assert (done.done, done.refused) == (200, 0)
    assert all(app.order(order_id).status is Status.RECEIVED for order_id in orders)
    assert (app.clock.now() - began).total_seconds() == pytest.approx(10)
    assert app.letters.groups() == []


def test_a_long_job_continues_in_further_messages(app: FakeApplication) -> None:
    fingerprint, _ = parked_group(app, 50)
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 1, by="anna", reason="slowly")
    assert job is not None
    app.group_jobs.work(job.job_id)
    half = app.jobs.load(job.job_id)
    assert half is not None
    assert 0 < half.done < 50
    assert app.queue.sent[-1][0] == {"kind": "job", "job_id": job.job_id}
    assert run(app, job).done == 50


def test_discarding_cancels_the_orders(app: FakeApplication) -> None:
    fingerprint, orders = parked_group(app, 3)
    job = app.group_jobs.request(fingerprint, Action.DISCARD, 50, by="anna", reason="customer is gone")
    assert job is not None
    run(app, job)
    for order_id in orders:
        order = app.order(order_id)
        assert order.cancellation is not None
        assert (order.cancellation.by, order.cancellation.reason) == ("anna", "customer is gone")
        assert (order_id, "correlation-1", 2) in app.workflow.started


def test_orders_that_moved_on_are_counted_apart(app: FakeApplication) -> None:
    fingerprint, orders = parked_group(app, 3)
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 50, by="anna", reason="fixed")
    assert job is not None
    app.commands.redrive(orders[0], by="bert", reason="was faster")
    done = run(app, job)
    assert (done.done, done.refused, done.confirmed) == (2, 1, 3)
    assert app.types(orders[0]).count("OrderRedriven") == 1


def test_an_order_that_cannot_be_read_holds_up_no_other_and_keeps_its_letter(app: FakeApplication) -> None:
    fingerprint, orders = parked_group(app, 3)
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 50, by="anna", reason="fixed")
    assert job is not None

    class OneUnreadable(OrderCommands):
        def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
            if order_id == orders[1]:
                raise CorruptHistory(f"order {order_id}, event 1 cannot be read")
            return super().redrive(order_id, by, reason, versions)

    jobs = app.group_jobs
    commands = OneUnreadable(jobs.commands.repository, jobs.commands.workflow)
    replace(jobs, commands=commands).work(job.job_id)
    done = app.jobs.load(job.job_id)
    assert done is not None
    assert (done.finished_at is not None, done.done, done.refused, done.confirmed) == (True, 2, 1, 2)
    [letter] = app.letters.in_group(fingerprint, limit=10)
    assert letter.failed.order_id == orders[1]


def test_an_unknown_group_is_none(app: FakeApplication) -> None:
    assert app.group_jobs.request("000000000000", Action.REDRIVE, 1, by="anna", reason="x") is None


def test_a_crash_in_the_middle_loses_nothing(app: FakeApplication) -> None:
    fingerprint, orders = parked_group(app, 25)
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 50, by="anna", reason="fixed")
    assert job is not None

    class FailingStart:
        """The engine is down when the 13th order is started."""

        def __init__(self) -> None:
            self.calls = 0

        def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
            self.calls += 1
            if self.calls == 13:
                raise DependencyUnavailable("step functions", "throttled")
            return app.workflow.start(order_id, correlation_id, attempt)

        def is_running(self, order_id: str, attempt: int) -> bool:
            return False

    jobs = app.group_jobs
    replace(jobs, commands=replace(jobs.commands, workflow=FailingStart())).work(job.job_id)
    run(app, job)
    assert all(app.types(order_id).count("OrderRedriven") == 1 for order_id in orders)
    assert app.letters.groups() == []


def stuck_in_rejection(app: FakeApplication, external_id: str) -> str:
    """Rejected at its last step, and then its refund fails."""
    order_id = app.accept(content(external_id))
    app.repository().append(app.order(order_id), REJECTION)
    app.consumer(json.dumps(failed_order_message(app.park(order_id, REFUND_FAILS))))
    return order_id


def test_discarding_goes_on_with_an_undoing_that_failed(app: FakeApplication) -> None:
    """It cannot be cancelled, for it is being rejected; it is given up by going on."""
    orders = [stuck_in_rejection(app, f"SO-{number}") for number in range(3)]
    job = app.group_jobs.request(REFUND_FAILS.fingerprint, Action.DISCARD, 50, by="anna", reason="give the money back")
    assert job is not None
    done = run(app, job)
    assert (done.total, done.done, done.refused, done.confirmed) == (3, 3, 0, 3)
    assert [app.order(order_id).outcome for order_id in orders] == [None] * 3
    assert {(order_id, "correlation-1", 2) for order_id in orders} <= set(app.workflow.started)


class Refusing(OrderCommands):
    """Refuses every command, for whatever reason."""

    def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        raise Refused("not now")

    def give_up(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
        raise Refused("not now")


@pytest.mark.parametrize("action", Action)
def test_a_letter_is_closed_only_if_its_order_has_moved_on(app: FakeApplication, action: Action) -> None:
    """A refusal says nothing about that: one order still is as its letter says, one runs again, one has ended."""
    fingerprint, (stands, runs, ended) = parked_group(app, 3)
    job = app.group_jobs.request(fingerprint, action, 50, by="anna", reason="x")
    assert job is not None
    app.commands.redrive(runs, by="bert", reason="was faster")
    app.commands.cancel(ended, by="bert", reason="was faster")
    RejectOrder(app.repository("RejectOrder"))(ended)
    jobs = app.group_jobs
    replace(jobs, commands=Refusing(jobs.commands.repository, jobs.commands.workflow)).work(job.job_id)
    done = app.jobs.load(job.job_id)
    assert done is not None
    assert (done.total, done.done, done.refused, done.confirmed) == (3, 0, 3, 2)
    assert [letter.failed.order_id for letter in app.letters.in_group(fingerprint, 10)] == [stands]


def test_what_failed_again_meanwhile_keeps_its_letter(app: FakeApplication) -> None:
    fingerprint, (order_id,) = parked_group(app, 1)
    job = app.group_jobs.request(fingerprint, Action.REDRIVE, 50, by="anna", reason="fixed")
    assert job is not None

    class FailsAtOnce(OrderCommands):
        def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> Order:
            order = super().redrive(order_id, by, reason)
            app.consumer(json.dumps(failed_order_message(app.park(order_id, BUG))))
            return order

    jobs = app.group_jobs
    replace(jobs, commands=FailsAtOnce(jobs.commands.repository, jobs.commands.workflow)).work(job.job_id)
    [letter] = app.letters.in_group(fingerprint, 10)
    assert (letter.failed.order_id, letter.failed.attempt) == (order_id, 2)
