"""Commands: what is refused has stored nothing, what is accepted is on its way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.memory import MemoryEventStore
from chalicelib.domain.decisions import MAX_ATTEMPTS
from chalicelib.domain.errors import Refused
from chalicelib.domain.events import CancellationRequested, ErpAcknowledged, Event, RecordedEvent
from chalicelib.ports import Append
from tests.support.builders import append
from tests.support.domain.histories import (
    BEING_CANCELLED,
    BEING_REJECTED,
    CANCELLATION,
    CANCELLED,
    CONFIRMED,
    FAILED,
    FAILURE,
    PAID,
    RECEIVED,
    REJECTED,
    REJECTION,
    STUCK,
    STUCK_IN_CANCELLATION,
    STUCK_IN_REJECTION,
    in_attempt,
    redriven,
)
from tests.support.operations import FakeApplication

LAST = in_attempt(MAX_ATTEMPTS)
ACKNOWLEDGED = ErpAcknowledged("http", "FAILED")
HISTORIES = {
    "received": RECEIVED,
    "paid": PAID,
    "confirmed": CONFIRMED,
    "being rejected": BEING_REJECTED,
    "rejected": REJECTED,
    "being cancelled": BEING_CANCELLED,
    "cancelled": CANCELLED,
    "failed": FAILED,
    "redriven": (*FAILED, redriven(2)),
    "stuck in a rejection": STUCK_IN_REJECTION,
    "stuck in a cancellation": STUCK_IN_CANCELLATION,
    "failed in the last attempt": (*LAST, FAILURE),
    "stuck in a rejection in the last attempt": (*LAST, REJECTION, STUCK),
    "stuck in a cancellation in the last attempt": (*LAST, CANCELLATION, STUCK),
}


@pytest.mark.parametrize("command", ["redrive", "cancel", "give_up"])
@pytest.mark.parametrize("history", HISTORIES)
def test_what_is_refused_has_stored_nothing_and_what_is_accepted_runs(history: str, command: str) -> None:
    app = FakeApplication()
    stored(app, HISTORIES[history])
    before = app.types("o-1")
    try:
        order = getattr(app.commands, command)("o-1", "anna", "because")
    except Refused:
        assert app.types("o-1") == before
        assert app.workflow.started == []
    else:
        assert order.is_final or app.workflow.started == [("o-1", order.correlation_id, order.attempt)]
        assert order == app.order("o-1")


@pytest.mark.parametrize("history", [name for name in HISTORIES if name.startswith(("failed", "stuck"))])
def test_whatever_waits_for_an_operator_can_be_given_up(history: str) -> None:
    app = FakeApplication()
    stored(app, HISTORIES[history])
    order = app.commands.give_up("o-1", "anna", "customer is gone")
    assert order.is_undone
    assert order.outcome is None


def stored(app: FakeApplication, events: tuple[Event, ...]) -> None:
    for version, event in enumerate(events):
        app.events.append(append(event, "o-1", version, f"t-{version}"))


class ChangedInBetween(MemoryEventStore):
    """Somebody else appends right after the first event of the command."""

    def append(self, append: Append) -> RecordedEvent:
        recorded = super().append(append)
        if isinstance(append.event, CancellationRequested):
            super().append(replace(append, expected_version=append.expected_version + 1, event=ACKNOWLEDGED, token="x"))
        return recorded


def test_a_command_that_has_begun_is_not_refused_for_what_it_has_stored_itself() -> None:
    """The caller wanted a version that was the order's when it was decided; what comes after is no reason to refuse."""
    app = FakeApplication(events=ChangedInBetween())
    stored(app, HISTORIES["failed"])
    version = app.order("o-1").version
    order = app.commands.cancel("o-1", "anna", "not needed", frozenset({version}))
    assert order.outcome is None
    assert app.workflow.started == [("o-1", order.correlation_id, 2)]
