"""HandleFailure parks an order once, tells once of each failure, and is silent about what is nobody's business."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.events import Event
from chalicelib.domain.failures import Failure
from chalicelib.domain.state import Status
from chalicelib.steps.handle_failure import Handled
from tests.support.builders import append
from tests.support.domain.histories import (
    BEING_CANCELLED,
    BEING_REJECTED,
    CANCELLED,
    CONFIRMED,
    FAILED,
    PAID,
    REJECTED,
    redriven,
)
from tests.support.operations import BUG, TIMEOUT, FakeApplication

REFUND_FAILS = replace(TIMEOUT, step="RefundPayment")
SECOND = (*FAILED, redriven(2))


def after(*events: Event) -> FakeApplication:
    app = FakeApplication()
    for version, event in enumerate(events):
        app.events.append(append(event, "o-1", version, f"t-{version}"))
    return app


@pytest.mark.parametrize(
    ("events", "failure", "attempt"),
    [
        pytest.param(CONFIRMED, TIMEOUT, 1, id="confirmed"),
        pytest.param(CONFIRMED, TIMEOUT, 0, id="confirmed, by an execution without a number"),
        pytest.param(REJECTED, REFUND_FAILS, 1, id="rejected"),
        pytest.param(CANCELLED, REFUND_FAILS, 1, id="cancelled"),
        pytest.param(SECOND, TIMEOUT, 1, id="in a later attempt"),
        pytest.param((*BEING_CANCELLED, redriven(2)), TIMEOUT, 1, id="undone in a later attempt"),
        pytest.param(FAILED, BUG, 1, id="parked for another failure"),
    ],
)
def test_a_failure_that_settles_nothing_is_told_to_nobody(
    events: tuple[Event, ...], failure: Failure, attempt: int
) -> None:
    app = after(*events)
    before = app.types("o-1")
    assert app.handle_failure("o-1", failure, 0, attempt) is Handled.SETTLED
    assert app.types("o-1") == before
    assert (app.alerts.published, app.queue.sent) == ([], [])


@pytest.mark.parametrize("events", [BEING_CANCELLED, BEING_REJECTED], ids=["cancelled", "rejected"])
@pytest.mark.parametrize("attempt", [0, 1])
def test_what_is_undone_is_not_parked_for_a_forward_step(events: tuple[Event, ...], attempt: int) -> None:
    app = after(*events)
    before = app.types("o-1")
    assert app.handle_failure("o-1", TIMEOUT, 0, attempt) is Handled.UNDO
    assert app.types("o-1") == before
    assert (app.alerts.published, app.queue.sent) == ([], [])


@pytest.mark.parametrize("events", [BEING_CANCELLED, BEING_REJECTED], ids=["cancelled", "rejected"])
def test_what_is_undone_is_parked_for_a_compensation(events: tuple[Event, ...]) -> None:
    app = after(*events)
    assert app.handle_failure("o-1", REFUND_FAILS, 0, 1) is Handled.PARKED
    [(subject, text)] = app.alerts.published
    assert subject.startswith("Money or stock is stuck")
    assert "POST /orders/o-1/redrive   to go on undoing it" in text
    assert "/cancel" not in text


def test_a_repeat_tells_what_the_first_try_could_not() -> None:
    class DeadQueue:
        def send(self, message: object, delay_s: int = 0) -> None:
            raise DependencyUnavailable("sqs", "outage")

        def park(self, body: str, reason: str) -> None:
            raise AssertionError("nothing is parked")

    app = after(*PAID)
    with pytest.raises(DependencyUnavailable):
        replace(app.handle_failure, queue=DeadQueue())("o-1", TIMEOUT, 0, 1)
    assert app.handle_failure("o-1", TIMEOUT, 1, 1) is Handled.PARKED
    assert len(app.queue.sent) == 1
    assert app.types("o-1").count("OrderFailed") == 1
    assert app.order("o-1").status is Status.FAILED
