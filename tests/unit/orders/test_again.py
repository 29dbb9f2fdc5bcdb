"""A number that comes again: whoever asks gets a closed order in, and a machine that reads again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.domain.errors import Contention, DependencyUnavailable, VersionConflict
from chalicelib.domain.events import Event, OrderCancelled, OrderConfirmed, OrderRejected, OrderRevised, RecordedEvent
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Order, Status
from chalicelib.orders.accept import Accepted, Intake
from chalicelib.orders.again import ASKED, OrderConflict, Terms
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Append
from tests.support.builders import content, line
from tests.support.domain.histories import CANCELLATION, FAILURE, HOLD, REJECTION

ORDER = content("SO-1")
CHANGED = content("SO-1", line(quantity=4))
REJECTED = (REJECTION, OrderRejected((HOLD,)))
CANCELLED = (CANCELLATION, OrderCancelled("anna", "wrong size"))
CONFIRMED = (OrderConfirmed("OB-1"),)
ONCE = Terms(once=True)
ROW = Terms(renews=frozenset(), once=True)


class Door:
    """The intake in memory; `losses` starts of the workflow are lost."""

    def __init__(self, events: MemoryEventStore | None = None) -> None:
        self.events, self.workflow, self.clock = events or MemoryEventStore(), MemoryWorkflowEngine(), FixedClock()
        self.repository = OrderRepository(self.events, self.clock, SequentialIds(), "Intake")

    def accept(self, order: OrderContent = ORDER, correlation_id: str = "first", terms: Terms = ASKED) -> Accepted:
        return Intake(self.repository, self.workflow).accept(order, correlation_id, terms=terms)

    def happen(self, *events: Event) -> None:
        for event in events:
            self.clock.advance(1)
            self.repository.append(self.order, event)

    @property
    def order(self) -> Order:
        return self.repository.load(ORDER.order_id)

    @property
    def types(self) -> list[str]:
        return [recorded.type for recorded in self.events.load(ORDER.order_id)]


@pytest.fixture
def door() -> Door:
    door = Door()
    door.accept()
    return door


def second(correlation_id: str = "second", **changes: object) -> Accepted:
    accepted = Accepted(ORDER.order_id, Status.RECEIVED, correlation_id, replayed=False, started=True, revision=2)
    return replace(accepted, **changes)  # type: ignore[arg-type]


closed = pytest.mark.parametrize("closed", [REJECTED, CANCELLED], ids=["rejected", "cancelled"])
contents = pytest.mark.parametrize("sent", [ORDER, CHANGED], ids=["the same content", "another content"])


@closed
@contents
def test_a_closed_order_begins_anew_under_its_id(door: Door, closed: tuple[Event, ...], sent: OrderContent) -> None:
    door.happen(*closed)
    assert door.accept(sent, "second") == second()
    last = door.events.load(ORDER.order_id)[-1]
    assert last.event == OrderRevised(sent, sent.payload_hash(), 2, "rest")
    assert (last.correlation_id, last.source, last.step) == ("second", "sap-emea", "Intake")
    assert door.types == ["OrderReceived", *(type(event).__name__ for event in closed), "OrderRevised"]
    assert door.workflow.started == [(ORDER.order_id, "first", 1), (ORDER.order_id, "second", 2)]
    assert door.order.content == sent


@closed
@contents
def test_a_repeat_of_the_mended_order_is_a_repeat(door: Door, closed: tuple[Event, ...], sent: OrderContent) -> None:
    door.happen(*closed)
    door.accept(sent, "second")
    assert door.accept(sent, "third") == second(replayed=True)
    assert door.types[-1] == "OrderRevised"
    assert len(door.workflow.started) == 2


@closed
def test_six_calls_at_once_are_one_revision(door: Door, closed: tuple[Event, ...]) -> None:
    door.happen(*closed)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: door.accept(CHANGED, f"call-{number}"), range(6)))
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 5
    assert len({answer.correlation_id for answer in answers}) == 1
    assert door.types.count("OrderRevised") == 1
    assert [attempt for _, _, attempt in door.workflow.started] == [1, 2]


ADVICE = {
    "confirmed": (CONFIRMED, "it is CONFIRMED and on its way; a further order needs an external_id of its own"),
    "on its way": ((), "it is RECEIVED and goes on; send it again if it is REJECTED or CANCELLED in the end"),
    "being rejected": (REJECTED[:1], "it is being undone; send it again when it is REJECTED"),
    "being cancelled": (CANCELLED[:1], "it is being undone; send it again when it is CANCELLED"),
    "failed": ((FAILURE,), "it is FAILED and waits for an operator; send it again when it is REJECTED or CANCELLED"),
}


@pytest.mark.parametrize("stands", ADVICE)
def test_an_order_that_is_not_closed_keeps_its_content_and_says_what_to_do(door: Door, stands: str) -> None:
    events, advice = ADVICE[stands]
    door.happen(*events)
    before = door.types
    with pytest.raises(OrderConflict) as raised:
        door.accept(CHANGED, "second")
    assert raised.value.advice == advice
    assert str(raised.value).endswith(advice)
    assert door.accept(ORDER, "third").replayed
    assert door.types == before


def test_a_confirmed_revision_is_as_final_as_a_first_one(door: Door) -> None:
    door.happen(*REJECTED)
    door.accept(CHANGED, "second")
    door.happen(*CONFIRMED)
    assert door.accept(CHANGED, "third") == second(replayed=True, status=Status.CONFIRMED)
    with pytest.raises(OrderConflict) as raised:
        door.accept(ORDER, "fourth")
    assert [one.field for one in raised.value.differences] == ["lines[0].quantity", "total"]


def test_an_order_whose_revisions_are_used_up_stays_as_it_is(door: Door) -> None:
    for number in range(2, 51):
        door.happen(*REJECTED)
        assert door.accept(ORDER, f"call-{number}").revision == number
    door.happen(*REJECTED)
    assert door.accept(ORDER, "once more").replayed
    with pytest.raises(OrderConflict, match="50 revisions, the most allowed"):
        door.accept(CHANGED, "corrected")


class LossyEngine(MemoryWorkflowEngine):
    """Loses every start."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        raise DependencyUnavailable("step functions", "throttled")


def test_a_revision_whose_start_was_lost_is_started_by_a_repeat(door: Door) -> None:
    door.happen(*REJECTED)
    Intake(door.repository, LossyEngine()).accept(CHANGED, "second")
    assert door.accept(CHANGED, "third") == second(replayed=True)
    assert door.workflow.started[-1] == (ORDER.order_id, "second", 2)


class Contended(MemoryEventStore):
    """Somebody else is always faster."""

    def append(self, append: Append) -> RecordedEvent:
        if isinstance(append.event, OrderRevised):
            raise VersionConflict(append.order_id, append.expected_version)
        return super().append(append)


def test_a_call_that_is_always_too_late_is_to_be_repeated() -> None:
    door = Door(Contended())
    door.accept()
    door.happen(*REJECTED)
    with pytest.raises(Contention):
        door.accept(CHANGED, "second")


# lines and rows that are read again


@closed
@pytest.mark.parametrize("terms", [ONCE, ROW, Terms(once=True, file="file-1.")], ids=["once", "row", "file"])
def test_what_a_line_or_a_row_has_brought_it_brings_once(closed: tuple[Event, ...], terms: Terms) -> None:
    """Whatever has become of the order meanwhile, and whoever has revised it."""
    door = Door()
    door.accept(ORDER, "file-1.7", terms)
    meanwhile: list[Callable[[], object]] = [
        lambda: door.happen(*closed),
        lambda: door.accept(CHANGED, "by phone"),
        lambda: door.happen(*closed),
        lambda: door.accept(CHANGED, "by phone again"),
        lambda: door.happen(*CONFIRMED),
    ]
    for happens in meanwhile:
        happens()
        before = door.types
        answer = door.accept(ORDER, "file-1.7", terms)
        assert (answer.replayed, answer.correlation_id) == (True, "file-1.7")
        assert door.types == before
    assert door.types.count("OrderRevised") == 2


def test_the_line_of_another_file_brings_the_order_anew(door: Door) -> None:
    door.happen(*REJECTED)
    assert door.accept(ORDER, "file-2.1", Terms(once=True, file="file-2.")) == second("file-2.1")
    assert door.accept(ORDER, "file-2.1", Terms(once=True, file="file-2.")) == second("file-2.1", replayed=True)


@closed
def test_a_number_that_stands_twice_in_a_file_is_one_order(closed: tuple[Event, ...]) -> None:
    """However fast the first of them is closed."""
    door, terms = Door(), Terms(once=True, file="file-1.")
    door.accept(ORDER, "file-1.7", terms)
    door.happen(*closed)
    again = door.accept(ORDER, "file-1.900", terms)
    assert (again.replayed, again.correlation_id) == (True, "file-1.7")
    with pytest.raises(OrderConflict, match="another line of the same file has brought this number"):
        door.accept(CHANGED, "file-1.901", terms)
    assert "OrderRevised" not in door.types


def test_a_corrected_row_brings_a_revision_and_a_row_that_is_as_it_was_does_not(door: Door) -> None:
    door.happen(*REJECTED)
    assert door.accept(ORDER, "touched", ROW).replayed
    assert door.accept(CHANGED, "corrected", ROW) == second("corrected")
    door.happen(*REJECTED)
    assert door.accept(ORDER, "back to what it was", ROW).revision == 3


def test_a_touched_row_renews_what_was_rejected_but_not_what_was_cancelled(door: Door) -> None:
    touched = Terms(renews=frozenset({Status.REJECTED}), once=True)
    door.happen(*CANCELLED)
    assert door.accept(ORDER, "touched", touched).replayed
    door.accept(CHANGED, "corrected", touched)
    door.happen(*REJECTED)
    assert door.accept(CHANGED, "touched again", touched).revision == 3


def test_the_same_correlation_id_of_a_call_does_not_make_it_a_repeat(door: Door) -> None:
    """Callers may send one of their own, such as the order's number, with every call."""
    door.happen(*REJECTED)
    assert door.accept(ORDER, "first") == second("first")
