"""Decisions specified in rows: given these events, when it is decided, then this event, nothing, or a refusal.

@table(
    given("a confirmed order", *CONFIRMED).then_raises(Refused, "too late"),
    given("an order on its way", *PAID).then(CancellationRequested("anna", "wrong size")),
)
def test_a_cancellation(row: Row) -> None:
    row.when(lambda order: decide_cancellation(order, "anna", "wrong size"))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib.domain.events import Event, RecordedEvent
from chalicelib.domain.state import Order, fold
from tests.support.builders import NOW

ORDER_ID = "o-1"

Decision = Callable[[Order], Event | None]


def recorded(*events: Event, order_id: str = ORDER_ID) -> tuple[RecordedEvent, ...]:
    """As the store holds them: numbered from 1, a second apart, the first one at NOW."""
    return tuple(
        RecordedEvent(
            order_id,
            sequence,
            event,
            recorded_at=NOW + timedelta(seconds=sequence - 1),
            correlation_id="correlation-1",
            source="sap-emea",
            step="test",
            token=f"t-{sequence}",
        )
        for sequence, event in enumerate(events, start=1)
    )


def order_after(*events: Event) -> Order:
    return fold(recorded(*events))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The decision raises exactly this class with exactly this message."""

    error: type[Exception]
    says: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table."""

    title: str
    given: tuple[Event, ...]
    outcome: Event | Refusal | None

    def when(self, decide: Decision) -> None:
        order = order_after(*self.given)
        if isinstance(self.outcome, Refusal):
            with pytest.raises(self.outcome.error) as raised:
                decide(order)
            assert (type(raised.value), str(raised.value)) == (self.outcome.error, self.outcome.says)
        else:
            assert decide(order) == self.outcome


@dataclass(frozen=True, slots=True)
class Given:
    """The first half of a row."""

    title: str
    events: tuple[Event, ...]

    def then(self, event: Event) -> Row:
        return Row(self.title, self.events, event)

    def then_nothing(self) -> Row:
        return Row(self.title, self.events, None)

    def then_raises(self, error: type[Exception], says: str) -> Row:
        return Row(self.title, self.events, Refusal(error, says))


def given(title: str, *events: Event) -> Given:
    return Given(title, events)


def table(*rows: Row) -> pytest.MarkDecorator:
    """Runs the test for each row, under its title."""
    return pytest.mark.parametrize("row", rows, ids=[row.title for row in rows])
