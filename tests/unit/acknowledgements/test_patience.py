"""An error that only looks permanent: a permission that is missing for a moment costs no outcome."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.acknowledgements.patience import PATIENCE, patient
from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.errors import CorruptHistory, Misconfigured, TransientError
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order, fold
from tests.support.builders import NOW
from tests.support.domain.histories import PAID
from tests.support.domain.specification import recorded

EVENTS = recorded(*PAID)


class Refusing:
    def __init__(self, error: Exception | None) -> None:
        self.error = error
        self.heard = 0

    def __call__(self, event: RecordedEvent, order: Order) -> None:
        if self.error is not None:
            raise self.error
        self.heard += 1


def test_it_is_tried_again_for_minutes_and_then_counts() -> None:
    clock, inner = FixedClock(EVENTS[-1].recorded_at), Refusing(Misconfigured("SendMessage answered AccessDenied"))
    listen = patient(inner, clock)
    with pytest.raises(TransientError, match="AccessDenied"):
        listen(EVENTS[-1], fold(EVENTS))
    inner.error = None
    listen(EVENTS[-1], fold(EVENTS))
    assert inner.heard == 1
    inner.error = Misconfigured("still")
    clock.advance((PATIENCE - timedelta(seconds=1)).total_seconds())
    with pytest.raises(TransientError):
        listen(EVENTS[-1], fold(EVENTS))
    clock.advance(1)
    with pytest.raises(Misconfigured):
        listen(EVENTS[-1], fold(EVENTS))


def test_what_is_permanent_for_good_counts_at_once() -> None:
    with pytest.raises(CorruptHistory):
        patient(Refusing(CorruptHistory("x")), FixedClock(NOW))(EVENTS[-1], fold(EVENTS))
