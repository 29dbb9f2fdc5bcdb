"""Repair makes a row what the events say, also while the stream writes it; a row that is right is never touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.adapters.memory import MemoryEventStore, MemoryProjection
from chalicelib.domain.events import Event, OrderConfirmed, OrderValidated
from chalicelib.domain.state import Status, fold
from chalicelib.ports import OrderRow
from chalicelib.read_model.comparison import Comparison
from tests.support.builders import append, received


class WatchedProjection(MemoryProjection):
    """Counts removals, and lets something happen right before the next row is put."""

    def __init__(self) -> None:
        super().__init__()
        self.removed: list[str] = []
        self.before_put: list[Callable[[], None]] = []

    def put(self, row: OrderRow) -> bool:
        if self.before_put:
            self.before_put.pop()()
        return super().put(row)

    def remove(self, order_id: str) -> None:
        self.removed.append(order_id)
        super().remove(order_id)


class Model:
    """One order, validated, and its row."""

    def __init__(self) -> None:
        self.events, self.projection = MemoryEventStore(), WatchedProjection()
        for event in (received(), OrderValidated({})):
            self.happens(event)

    def happens(self, event: Event) -> None:
        """An event is appended and the stream writes the row."""
        version = len(self.events.load("o-1"))
        self.events.append(append(event, "o-1", version, f"t-{version}"))
        self.projection.put(self.right)

    @property
    def right(self) -> OrderRow:
        return OrderRow.of(fold(self.events.load("o-1")))

    @property
    def row(self) -> OrderRow | None:
        return self.projection.get("o-1")

    def repair(self) -> None:
        Comparison(self.events, self.projection, parallel=1).repair(["o-1"])


@pytest.fixture
def model() -> Model:
    return Model()


def test_a_row_that_is_missing_is_written(model: Model) -> None:
    model.projection.remove("o-1")
    model.repair()
    assert model.row == model.right


def test_a_row_that_is_wrong_is_written_over(model: Model) -> None:
    model.projection.put(replace(model.right, status=Status.CONFIRMED))
    model.repair()
    assert model.row == model.right


def test_a_row_that_claims_to_be_newer_than_the_events_is_replaced(model: Model) -> None:
    model.projection.put(replace(model.right, version=9, status=Status.CONFIRMED))
    model.repair()
    assert model.row == model.right
    assert model.projection.removed == ["o-1"]


def test_a_row_without_events_is_removed(model: Model) -> None:
    model.projection.put(replace(model.right, order_id="o-2"))
    Comparison(model.events, model.projection, parallel=1).repair(["o-2"])
    assert model.projection.get("o-2") is None


def test_a_row_that_the_stream_has_written_meanwhile_is_left_as_it_is(model: Model) -> None:
    """The events were read before the last one was there. The row is newer because it is right: a reader must not find
    it gone, not even for a moment."""
    model.projection.before_put.append(lambda: model.happens(OrderConfirmed("OB-1")))
    model.repair()
    assert model.row == model.right
    assert model.right.status is Status.CONFIRMED
    assert model.projection.removed == []
