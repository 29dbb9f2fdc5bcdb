"""What becomes of a failed order: opened, redriven by itself when its failure may pass, or left to an operator."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from chalicelib.adapters.memory import MemoryEventStore
from chalicelib.domain.dead_letter_messages import failed_order_message, redrive_message
from chalicelib.domain.errors import DependencyUnavailable, Refused
from chalicelib.domain.events import OrderRejected
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.state import Status
from chalicelib.orders.commands import OrderCommands
from chalicelib.read_model.metrics import STUCK, count
from chalicelib.recovery.redrive_policy import AUTOMATIC_ATTEMPTS
from chalicelib.steps.handle_failure import Handled
from chalicelib.steps.reject_order import RejectOrder
from tests.support.builders import content
from tests.support.domain.histories import REJECTION
from tests.support.operations import BUG, TIMEOUT, FakeApplication


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


def body(failed: FailedOrder, due: bool = False) -> str:
    return json.dumps(redrive_message(failed) if due else failed_order_message(failed))


def test_a_passing_failure_is_scheduled_and_then_redriven(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id)
    app.consumer(body(failed))
    letter = app.letters.get(failed.fingerprint, order_id)
    assert letter is not None
    assert letter.redrive_at is not None
    message, delay_s = app.queue.sent[-1]
    assert (message["kind"], delay_s) == ("redrive", 60)

    app.consumer(json.dumps(message))
    assert app.order(order_id).status is Status.RECEIVED
    assert app.workflow.started[-1] == (order_id, "correlation-1", 2)
    assert app.letters.get(failed.fingerprint, order_id) is None


def test_the_delay_grows_and_ends_with_an_operator(app: FakeApplication) -> None:
    order_id = app.accept()
    delays = []
    for _ in range(AUTOMATIC_ATTEMPTS):
        failed = app.park(order_id)
        sent = len(app.queue.sent)
        app.consumer(body(failed))
        if len(app.queue.sent) == sent:
            break
        message, delay_s = app.queue.sent[-1]
        delays.append(delay_s)
        app.consumer(json.dumps(message))
    assert delays == [60, 120, 240, 480, 900]
    letter = app.letters.get(failed.fingerprint, order_id)
    assert letter is not None
    assert letter.redrive_at is None


def test_every_revision_is_redriven_by_itself_as_often(app: FakeApplication) -> None:
    order_id = app.accept()
    for _ in range(AUTOMATIC_ATTEMPTS - 1):
        app.consumer(body(app.park(order_id), due=True))
    assert app.order(order_id).attempt == AUTOMATIC_ATTEMPTS
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        app.repository().append(app.order(order_id), event)
    app.accept()
    app.consumer(body(app.park(order_id)))
    message, delay_s = app.queue.sent[-1]
    assert (message["kind"], message["attempt"], delay_s) == ("redrive", AUTOMATIC_ATTEMPTS + 1, 60)


def test_a_redrive_of_the_revision_before_comes_too_late(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id)
    app.consumer(body(failed))
    app.commands.cancel(order_id, "anna", "by phone")
    RejectOrder(app.repository("RejectOrder"))(order_id)
    app.accept()
    before = app.types(order_id)
    app.consumer(body(failed, due=True))
    assert app.types(order_id) == before
    assert app.letters.groups() == []


def test_a_bug_waits_for_an_operator(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id, BUG)
    app.consumer(body(failed))
    letter = app.letters.get(failed.fingerprint, order_id)
    assert letter is not None
    assert letter.redrive_at is None
    assert [message["kind"] for message, _ in app.queue.sent] == ["failed_order"]


def test_no_redrive_while_the_circuit_is_open(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id)
    app.open_circuits.add("payment")
    app.consumer(body(failed, due=True))
    assert app.order(order_id).status is Status.FAILED
    message, delay_s = app.queue.sent[-1]
    assert (message["kind"], delay_s) == ("redrive", 60)

    app.open_circuits.clear()
    app.consumer(json.dumps(message))
    assert app.order(order_id).status is Status.RECEIVED


def test_duplicates_and_late_messages_are_harmless(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id)
    for _ in range(2):
        app.consumer(body(failed, due=True))
    assert app.types(order_id).count("OrderRedriven") == 1
    app.consumer(body(failed))
    assert app.letters.groups() == []


def test_a_failure_that_is_announced_twice_is_scheduled_once(app: FakeApplication) -> None:
    failed = app.park(app.accept())
    app.queue.sent.clear()
    for _ in range(5):
        app.consumer(body(failed))
    assert [message["kind"] for message, _ in app.queue.sent] == ["redrive"]


def test_a_redrive_that_is_delivered_twice_stays_one(app: FakeApplication) -> None:
    app.consumer(body(app.park(app.accept())))
    app.open_circuits.add("payment")
    for _ in range(4):
        message, _ = app.queue.sent[-1]
        app.queue.sent.clear()
        for _ in range(3):
            app.clock.advance(1)
            app.consumer(json.dumps(message))
        assert len(app.queue.sent) == 1


def test_a_crash_between_message_and_letter_loses_no_redrive(app: FakeApplication) -> None:
    class Forgetting:
        """The letters, whose table is down for a write."""

        def __getattr__(self, name: str) -> Any:
            if name == "record":
                raise DependencyUnavailable("DynamoDB", "outage")
            return getattr(app.letters, name)

    order_id = app.accept()
    failed = app.park(order_id)
    with pytest.raises(DependencyUnavailable):
        replace(app.consumer, letters=Forgetting())(body(failed))
    app.clock.advance(10)
    app.consumer(body(failed))
    redrives = [message for message, _ in app.queue.sent if message["kind"] == "redrive"]
    assert len(redrives) == 2
    for message in redrives:
        app.consumer(json.dumps(message))
    assert app.order(order_id).attempt == 2


def test_a_redrive_that_is_refused_closes_no_letter_of_a_failure_that_stands(app: FakeApplication) -> None:
    order_id = app.accept()
    failed = app.park(order_id)
    app.consumer(body(failed))

    class Refusing(OrderCommands):
        def redrive(self, order_id: str, by: str, reason: str, versions: frozenset[int] | None = None) -> NoReturn:
            raise Refused("not now")

    commands = Refusing(app.commands.repository, app.commands.workflow)
    replace(app.consumer, commands=commands)(body(failed, due=True))
    assert app.letters.get(failed.fingerprint, order_id) is not None


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        ("not json", "not JSON"),
        ("[]", "no known kind"),
        ('{"kind": "surprise"}', "no known kind"),
        ('{"kind": "failed_order", "order_id": 7}', "order_id"),
        ("\x00", "not JSON"),
    ],
)
def test_poison_is_parked_with_its_reason(app: FakeApplication, poison: str, reason: str) -> None:
    app.consumer(poison)
    [(parked, why)] = app.queue.parked
    assert parked == poison
    assert reason in why


def test_an_unknown_order_is_parked(app: FakeApplication) -> None:
    failed = app.park(app.accept())
    app.consumer(body(replace(failed, order_id="o-000000000000000000000000")))
    [(_, why)] = app.queue.parked
    assert "there is no order o-000000000000000000000000" in why


def test_failures_of_two_causes_form_two_groups(app: FakeApplication) -> None:
    for number in range(100):
        order_id = app.accept(content(f"SO-{number}"))
        cause = TIMEOUT if number % 2 else replace(TIMEOUT, message=f"request {number} to {order_id} answered HTTP 503")
        app.consumer(body(app.park(order_id, cause)))
    assert sorted(group.count for group in app.letters.groups()) == [50, 50]


def test_all_effects_of_a_failure_are_tried(app: FakeApplication) -> None:
    class DeadQueue:
        def send(self, message: object, delay_s: int = 0) -> None:
            raise DependencyUnavailable("sqs", "outage")

        def park(self, body: str, reason: str) -> None:
            raise DependencyUnavailable("sqs", "outage")

    order_id = app.accept()
    with pytest.raises(DependencyUnavailable):
        replace(app.handle_failure, queue=DeadQueue())(order_id, TIMEOUT, retries=0)
    assert app.order(order_id).status is Status.FAILED
    [(subject, text)] = app.alerts.published
    assert "CapturePayment" in subject
    assert order_id in text
    assert f"POST /orders/{order_id}/redrive" in text


def test_a_failed_compensation_is_an_alert_of_its_own_kind(app: FakeApplication) -> None:
    order_id = app.accept()
    app.park(order_id, replace(TIMEOUT, step="RefundPayment"))
    [(subject, _)] = app.alerts.published
    assert subject.startswith("Money or stock is stuck: RefundPayment")


def test_an_order_that_cannot_even_be_read_is_an_alert_and_is_parked_later(app: FakeApplication) -> None:
    class DeadStore(MemoryEventStore):
        def load(self, order_id: str) -> NoReturn:
            raise DependencyUnavailable("DynamoDB", "outage")

    order_id = app.accept()
    blind = replace(app.handle_failure, repository=replace(app.repository(), events=DeadStore()))
    for retries in range(3):
        with pytest.raises(DependencyUnavailable):
            blind(order_id, TIMEOUT, retries)
    [(subject, text)] = app.alerts.published
    assert subject.startswith("Order parked: CapturePayment")
    assert order_id in text
    assert app.handle_failure(order_id, TIMEOUT, retries=3) is Handled.PARKED


def test_failed_compensations_are_counted_apart(app: FakeApplication) -> None:
    counted = []
    for step in ("CapturePayment", "RefundPayment", "ReleaseInventory", "RejectOrder"):
        order_id = app.accept(content(f"SO-{step}"))
        app.park(order_id, replace(TIMEOUT, step=step))
        counted.append(count("Orderbridge/test", app.events.load(order_id)[-1], app.order(order_id)))
    assert [line["OrderFailed"] for line in counted] == [1, 1, 1, 1]
    assert [line.get(STUCK) for line in counted] == [None, 1, 1, 1]


LOG_OUTAGE = """
import sys
from tests.support.operations import BUG, FakeApplication
app = FakeApplication()
order_id = app.accept()
for write in (sys.stdout.write, sys.stderr.write):
    try:
        write("x" * 100_000)
    except OSError as error:
        assert error.errno == 28
assert app.handle_failure(order_id, BUG, 0) == "FAILED"
app.project(order_id)
assert app.projection.get(order_id).status == "FAILED"
assert len(app.queue.sent) == len(app.alerts.published) == 1
assert app.commands.redrive(order_id, "anna", "logs are back").attempt == 2
import os; os._exit(77)
"""


def test_a_log_outage_changes_nothing() -> None:
    """Standard output and error are on a device that is full."""
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", LOG_OUTAGE]
        done = subprocess.run(command, stdout=full, stderr=full, timeout=600, check=False)
    assert done.returncode == 77
