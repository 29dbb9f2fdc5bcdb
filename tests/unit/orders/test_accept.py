"""accept(): an order is taken once, a repeat gets the first answer and starts what was not started."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.events import CancellationRequested, Event, OrderReceived, OrderValidated
from chalicelib.domain.order import Line, OrderContent, PaymentInstruction
from chalicelib.domain.state import Status
from chalicelib.orders.accept import Accepted, Intake
from chalicelib.orders.again import Difference, OrderConflict, differences
from chalicelib.orders.repository import OrderRepository
from tests.support.builders import ADDRESS, content, line

ORDER = content("SO-1")


class LossyEngine(MemoryWorkflowEngine):
    """Loses the next `losses` starts."""

    losses = 0

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        if self.losses:
            self.losses -= 1
            raise DependencyUnavailable("step functions", "throttled")
        return super().start(order_id, correlation_id, attempt)


class Door:
    """The intake in memory."""

    def __init__(self) -> None:
        self.events, self.workflow = MemoryEventStore(), LossyEngine()
        self.repository = OrderRepository(self.events, FixedClock(), SequentialIds(), "Intake")

    def accept(self, order: OrderContent = ORDER, correlation_id: str = "first") -> Accepted:
        return Intake(self.repository, self.workflow).accept(order, correlation_id)


@pytest.fixture
def door() -> Door:
    return Door()


FIRST = Accepted(ORDER.order_id, Status.RECEIVED, "first", replayed=False, started=True)
START = (ORDER.order_id, "first", 1)


def test_an_order_is_stored_and_started(door: Door) -> None:
    assert door.accept() == FIRST
    [recorded] = door.events.load(ORDER.order_id)
    assert recorded.event == OrderReceived(ORDER, ORDER.payload_hash(), "rest")
    assert (recorded.source, recorded.step, recorded.correlation_id) == ("sap-emea", "Intake", "first")
    assert door.workflow.started == [START]


def test_a_repeat_gets_the_first_answer_and_starts_nothing_twice(door: Door) -> None:
    door.accept()
    assert door.accept(correlation_id="second") == replace(FIRST, replayed=True)
    assert len(door.events.load(ORDER.order_id)) == 1
    assert door.workflow.started == [START]


def test_an_order_whose_start_was_lost_is_safe_and_says_so(door: Door) -> None:
    door.workflow.losses = 1
    assert door.accept() == replace(FIRST, started=False)
    assert len(door.events.load(ORDER.order_id)) == 1


def test_a_repeat_starts_an_order_whose_start_was_lost(door: Door) -> None:
    """Under the correlation id of the first call, and as often as it takes."""
    door.workflow.losses = 2
    door.accept()
    assert door.accept(correlation_id="second") == replace(FIRST, replayed=True, started=False)
    assert door.accept(correlation_id="third") == replace(FIRST, replayed=True)
    assert door.workflow.started == [START]


@pytest.mark.parametrize(
    ("event", "status"),
    [(OrderValidated({}), Status.VALIDATED), (CancellationRequested("anna", "wrong size"), Status.RECEIVED)],
    ids=["on its way", "cancelled"],
)
def test_a_repeat_of_an_order_that_has_moved_starts_nothing(door: Door, event: Event, status: Status) -> None:
    door.accept()
    door.repository.append(door.repository.load(ORDER.order_id), event)
    door.workflow.started.clear()
    assert door.accept(correlation_id="second") == replace(FIRST, status=status, replayed=True)
    assert door.workflow.started == []


def test_another_content_under_the_same_number_is_refused_and_leaves_no_trace(door: Door) -> None:
    door.accept()
    with pytest.raises(OrderConflict) as raised:
        door.accept(content("SO-1", line(quantity=4)))
    assert str(raised.value) == (
        f"order {ORDER.order_id} was accepted with another content; it differs in: lines[0].quantity, total; "
        "it is RECEIVED and goes on; send it again if it is REJECTED or CANCELLED in the end"
    )
    assert raised.value.order == door.repository.load(ORDER.order_id)
    assert raised.value.differences == (
        Difference("lines[0].quantity", "3", "4"),
        Difference("total", "45.00", "60.00"),
    )
    assert len(door.events.load(ORDER.order_id)) == 1
    assert door.workflow.started == [START]


def test_what_is_private_is_named_but_not_shown() -> None:
    moved = content("SO-1", ship_to=replace(ADDRESS, city="Bremen"), payment=PaymentInstruction("card", "pm_other"))
    assert differences(ORDER, moved) == (Difference("payment.token", "", ""), Difference("ship_to.city", "", ""))


def test_a_field_that_only_one_of_them_has_is_absent_in_the_other() -> None:
    longer = content("SO-1", line(), line(number=2, quantity=1, unit_price="0"))
    assert Difference("lines[1].sku", "(absent)", "WIDGET-1") in differences(ORDER, longer)
    assert Difference("lines[1].sku", "WIDGET-1", "(absent)") in differences(longer, ORDER)


@pytest.mark.parametrize(("changed", "named"), [(1, 1), (19, 19), (20, 20), (21, 20)])
def test_at_most_20_differences_are_named(changed: int, named: int) -> None:
    def order(skus: str) -> OrderContent:
        lines = (Line(number, f"{skus}-{number}", 1, line().unit_price, line().tax_rate) for number in range(changed))
        return content("SO-1", *lines)

    assert len(differences(order("A"), order("B"))) == named
