"""A decision about an order is made on what it is now: anew when somebody was faster, but not for ever."""

from __future__ import annotations

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryEventStore, SequentialIds
from chalicelib.domain.errors import Contention, UnknownOrder
from chalicelib.domain.events import ErpAcknowledged, OrderValidated
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository
from tests.support.builders import append, received


@pytest.fixture
def repository() -> OrderRepository:
    events = MemoryEventStore()
    events.append(append(received(), "o-1"))
    return OrderRepository(events, FixedClock(), SequentialIds(), "Test")


def validated_after(repository: OrderRepository, interruptions: int) -> tuple[Order, int]:
    """The order once somebody else was faster that often, and the number of decisions it took."""
    decisions = 0

    def decide(order: Order) -> Order:
        nonlocal decisions
        decisions += 1
        if decisions <= interruptions:
            repository.append(order, ErpAcknowledged("http", f"note {decisions}"))
        return repository.append(order, OrderValidated({}))

    return repository.handle("o-1", decide), decisions


@pytest.mark.parametrize("interruptions", [0, 1, 6, 7])
def test_a_decision_is_made_anew_until_nobody_was_faster(repository: OrderRepository, interruptions: int) -> None:
    order, decisions = validated_after(repository, interruptions)
    assert (order.status, order.version) == (Status.VALIDATED, 2 + interruptions)
    assert decisions == interruptions + 1


def test_after_eight_times_it_is_left_to_a_later_try(repository: OrderRepository) -> None:
    with pytest.raises(Contention, match=r"\Aorder o-1 was changed 8 times while deciding about it\Z"):
        validated_after(repository, 8)
    assert repository.load("o-1").status is Status.RECEIVED


def test_nothing_is_decided_about_an_order_that_does_not_exist(repository: OrderRepository) -> None:
    with pytest.raises(UnknownOrder, match="o-2"):
        repository.handle("o-2", lambda order: order)


def test_an_event_is_appended_with_where_it_comes_from(repository: OrderRepository) -> None:
    repository.append(repository.load("o-1"), OrderValidated({}))
    last = repository.events.load("o-1")[-1]
    assert (last.sequence, last.step, last.source, last.correlation_id) == (2, "Test", "sap-emea", "correlation-1")
    assert last.recorded_at == repository.clock.now()
