"""After a command the dead letter that it answered is closed; one whose failure stands is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.failures import FailedOrder
from chalicelib.ports import DeadLetter
from chalicelib.recovery.close_dead_letter import close_dead_letter
from tests.support.operations import TIMEOUT, FakeApplication


@pytest.fixture
def app() -> FakeApplication:
    return FakeApplication()


@pytest.fixture
def failed(app: FakeApplication) -> FailedOrder:
    """An order that has failed in its first attempt, with its letter."""
    failed = app.park(app.accept())
    app.letters.record(DeadLetter(failed))
    return failed


def letters(app: FakeApplication) -> list[int]:
    """The attempts of all letters."""
    return [letter.failed.attempt for letter in app.letters.in_group(TIMEOUT.fingerprint, limit=10)]


def test_the_letter_of_a_failure_that_still_stands_is_not_closed(app: FakeApplication, failed: FailedOrder) -> None:
    close_dead_letter(app.letters, app.order(failed.order_id))
    assert letters(app) == [1]


def test_the_letter_is_closed_once_the_order_is_in_a_later_attempt(app: FakeApplication, failed: FailedOrder) -> None:
    close_dead_letter(app.letters, app.commands.redrive(failed.order_id, "anna", "fixed"))
    assert letters(app) == []


def test_a_letter_of_a_later_attempt_stays(app: FakeApplication, failed: FailedOrder) -> None:
    """The command was slow: the order has failed again in the meantime."""
    order = app.commands.redrive(failed.order_id, "anna", "fixed")
    for attempt in (order.attempt, order.attempt + 1):
        app.letters.record(DeadLetter(replace(failed, attempt=attempt)))
        close_dead_letter(app.letters, order)
        assert letters(app) == [attempt]


def test_an_order_that_never_failed_has_no_letter(app: FakeApplication) -> None:
    close_dead_letter(app.letters, app.order(app.accept()))
    assert letters(app) == []


def test_no_letter_is_no_error(app: FakeApplication) -> None:
    failed = app.park(app.accept())
    close_dead_letter(app.letters, app.commands.redrive(failed.order_id, "anna", "fixed"))
    assert letters(app) == []
