"""The steps, carried by the state machine over fakes in memory: every outcome, every kill, every moment to cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from chalicelib.domain.errors import (
    DependencyTimeout,
    DependencyUnavailable,
    InsufficientStock,
    InvalidOrder,
    Refused,
    Rejection,
    UnknownOrder,
)
from chalicelib.domain.events import InventoryReleased, PaymentCaptured, PaymentRefunded
from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.reference import DeliveryHold
from chalicelib.domain.state import Status
from chalicelib.workflow.table import STEPS
from tests.support.builders import CUSTOMER, GADGET, NOW, content, line
from tests.support.faults.faults import Tripwire
from tests.support.workflow_harness import STOCK, WorkflowHarness

ORDER = content("SO-1", line(), line("GADGET-7", 2, 2, "99.00"))
WANTED = ORDER.quantities()


def paying(token: str) -> OrderContent:
    return replace(ORDER, payment=PaymentInstruction("card", token))


def _as_it_is(world: WorkflowHarness) -> None:
    pass


@dataclass(frozen=True)
class Scenario:
    """An order, what is special about the world, and how it must end."""

    order: OrderContent
    status: Status
    history: str
    prepare: Callable[[WorkflowHarness], object] = _as_it_is
    codes: tuple[str, ...] = ()

    @property
    def events(self) -> list[str]:
        return self.history.split()


def _hold(world: WorkflowHarness) -> None:
    world.reference.holds["sku", "GADGET-7"] = DeliveryHold("sku", "GADGET-7", "recalled by the maker")


def _close_account(world: WorkflowHarness) -> None:
    world.reference.customers[CUSTOMER.customer_id] = replace(CUSTOMER, active=False)


SCENARIOS = {
    "confirmed": Scenario(
        ORDER,
        Status.CONFIRMED,
        "OrderReceived OrderValidated InventoryReserved PaymentCaptured OrderConfirmed",
    ),
    "confirmed in spite of a lost answer of the payment": Scenario(
        paying("pm_sandbox_timeout_after_capture"),
        Status.CONFIRMED,
        "OrderReceived OrderValidated InventoryReserved PaymentCaptured OrderConfirmed",
    ),
    "invalid": Scenario(
        replace(ORDER, lines=(*ORDER.lines, line("NO-SUCH-1", 1, 3))),
        Status.REJECTED,
        "OrderReceived RejectionDecided OrderRejected",
        _close_account,
        ("inactive_customer", "unknown_sku", "total_mismatch"),
    ),
    "short of stock": Scenario(
        ORDER,
        Status.REJECTED,
        "OrderReceived OrderValidated RejectionDecided OrderRejected",
        lambda world: world.inventory.set_available("GADGET-7", 1),
        ("insufficient_stock",),
    ),
    "declined": Scenario(
        paying("pm_card_chargeDeclinedInsufficientFunds"),
        Status.REJECTED,
        "OrderReceived OrderValidated InventoryReserved RejectionDecided InventoryReleased OrderRejected",
        codes=("card_declined.insufficient_funds",),
    ),
    "on hold": Scenario(
        ORDER,
        Status.REJECTED,
        "OrderReceived OrderValidated InventoryReserved PaymentCaptured RejectionDecided "
        "PaymentRefunded InventoryReleased OrderRejected",
        _hold,
        ("delivery_hold",),
    ),
}
every_scenario = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))


def world_of(scenario: Scenario, wrap: Callable[[object], object] | None = None) -> tuple[WorkflowHarness, str]:
    world = WorkflowHarness(wrap) if wrap else WorkflowHarness()
    scenario.prepare(world)
    return world, world.accept(scenario.order)


def assert_books_agree(world: WorkflowHarness, order_id: str) -> None:
    """Money, stock and status tell the same story, each kept by somebody else."""
    order, charge = world.order(order_id), world.ledger.find(order_id)
    held = {sku: world.inventory.reserved(sku) for sku in WANTED}
    assert all((world.inventory.available(sku) or 0) + held[sku] in (STOCK, 1) for sku in WANTED)
    payment = charge.payment() if charge else None
    if order.status is Status.CONFIRMED:
        assert held == WANTED
        assert payment is not None
        assert (payment.amount, payment.refund_id) == (order.content.total, "")
    else:
        assert order.status in (Status.REJECTED, Status.CANCELLED)
        assert held == dict.fromkeys(WANTED, 0)
        assert not world.inventory.holds_anything(order_id)
        assert payment is None or payment.refund_id
    assert len(world.history(order_id)) == len(set(world.history(order_id))), "nothing happens twice"


@every_scenario
def test_every_outcome(scenario: Scenario) -> None:
    world, order_id = world_of(scenario)
    world.run(order_id)
    order = world.order(order_id)
    assert order.status is scenario.status
    assert world.history(order_id) == scenario.events
    assert_books_agree(world, order_id)
    if scenario.codes:
        assert order.rejection is not None
        assert {reason.code for reason in order.rejection.reasons} >= set(scenario.codes)
        assert all(len(reason.message.split()) > 2 for reason in order.rejection.reasons), "said in a sentence"


def test_the_happy_path_visits_four_states() -> None:
    world, order_id = world_of(SCENARIOS["confirmed"])
    assert world.run(order_id) == [step.name for step in STEPS]


def test_a_rejected_order_ends_without_failing() -> None:
    world, order_id = world_of(SCENARIOS["on hold"])
    assert world.run(order_id)[-3:] == ["RefundPayment", "ReleaseInventory", "RejectOrder"]


def test_an_unknown_order_is_parked_by_nobody() -> None:
    with pytest.raises(UnknownOrder):
        WorkflowHarness().step("ValidateOrder", "o-unknown")


def test_a_rejection_names_every_reason_and_the_step() -> None:
    world, order_id = world_of(SCENARIOS["invalid"])
    with pytest.raises(InvalidOrder):
        world.step("ValidateOrder", order_id)
    rejection = world.order(order_id).rejection
    assert rejection is not None
    assert (rejection.step, rejection.kind) == ("ValidateOrder", "InvalidOrder")


def test_a_shortage_says_what_is_there() -> None:
    world, order_id = world_of(SCENARIOS["short of stock"])
    world.step("ValidateOrder", order_id)
    with pytest.raises(InsufficientStock, match="SKU GADGET-7: 2 ordered, 1 available"):
        world.step("ReserveInventory", order_id)


@every_scenario
def test_another_execution_of_a_finished_order_changes_nothing(scenario: Scenario) -> None:
    world, order_id = world_of(scenario)
    world.run(order_id)
    world.run(order_id)
    assert world.history(order_id) == scenario.events
    assert_books_agree(world, order_id)


@every_scenario
def test_every_step_may_be_repeated_at_once(scenario: Scenario) -> None:
    world, order_id = world_of(scenario)

    def twice(state: str) -> None:
        with suppress(Rejection, DependencyTimeout):  # the execution that follows sees it, too
            world.step(state, order_id)

    world.run(order_id, before=twice)
    assert world.history(order_id) == scenario.events
    assert_books_agree(world, order_id)


def killed_everywhere(scenario: Scenario) -> Iterator[tuple[WorkflowHarness, str]]:
    """A run for every place where it can be killed: before and after each call of each port."""
    place = 0
    while True:
        for after in (False, True):
            wire = Tripwire(place := place + (not after), after)
            world, order_id = world_of(scenario, wire.around)
            world.run(order_id)
            if not wire.tripped:
                assert place > 5, "a run calls the ports more often"
                return
            yield world, order_id


@every_scenario
def test_a_step_killed_anywhere_makes_no_difference(scenario: Scenario) -> None:
    """Also after the side effect and before the event: the workflow retries the step, which finds out."""
    for world, order_id in killed_everywhere(scenario):
        assert world.history(order_id) == scenario.events
        assert_books_agree(world, order_id)


@every_scenario
@pytest.mark.parametrize("moment", [step.name for step in STEPS])
def test_cancelling_between_two_steps_undoes_what_was_done(scenario: Scenario, moment: str) -> None:
    world, order_id = world_of(scenario)

    def cancel_at(state: str) -> None:
        if state == moment:
            world.cancel(order_id)

    visited = world.run(order_id, before=cancel_at)
    assert_books_agree(world, order_id)
    if moment in visited:
        assert world.order(order_id).status is Status.CANCELLED
        assert world.history(order_id)[-1] == "OrderCancelled"
        assert visited[-1] == "RejectOrder"


def cancelled_at(scenario: Scenario, place: int, after: bool) -> tuple[WorkflowHarness, str, str]:
    """A run in which the order is cancelled at one call of a port; and what the customer was told."""
    answer = "never asked"

    def cancel() -> None:
        nonlocal answer
        try:
            world.cancel(order_id)
            answer = "cancelled"
        except Refused as refused:
            answer = str(refused)

    world, order_id = world_of(scenario, Tripwire(place, after, cancel).around)
    world.run(order_id)
    return world, order_id, answer


@every_scenario
def test_cancelling_at_any_moment_leaves_the_books_in_agreement(scenario: Scenario) -> None:
    """Before and after every call of every port: either it is cancelled, or it is refused with a reason."""
    answers = set()
    for place in range(1, 60):
        for after in (False, True):
            world, order_id, answer = cancelled_at(scenario, place, after)
            assert_books_agree(world, order_id)
            assert world.order(order_id).status is (Status.CANCELLED if answer == "cancelled" else scenario.status)
            answers.add(answer)
    assert answers >= {"cancelled", "never asked"}


def test_a_confirmed_order_cannot_be_cancelled() -> None:
    world, order_id = world_of(SCENARIOS["confirmed"])
    world.run(order_id)
    with pytest.raises(Refused, match="confirmed"):
        world.cancel(order_id)


def test_a_payment_whose_answer_was_lost_is_found_and_not_charged_again() -> None:
    world, order_id = world_of(SCENARIOS["confirmed in spite of a lost answer of the payment"])
    world.run(order_id)
    [captured] = [one.event for one in world.events.load(order_id) if isinstance(one.event, PaymentCaptured)]
    assert captured.found_by_lookup


def test_a_payment_that_never_arrived_is_made_by_the_retry() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_timeout_before_2"))
    world.run(order_id)
    assert world.order(order_id).status is Status.CONFIRMED
    [captured] = [one.event for one in world.events.load(order_id) if isinstance(one.event, PaymentCaptured)]
    assert not captured.found_by_lookup


def test_a_payment_of_unknown_outcome_is_refunded_when_the_order_is_cancelled_meanwhile() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_timeout_after_capture"))
    world.step("ValidateOrder", order_id)
    world.step("ReserveInventory", order_id)
    with pytest.raises(DependencyTimeout):
        world.step("CapturePayment", order_id)
    world.cancel(order_id)
    world.run(order_id)
    events = [one.event for one in world.events.load(order_id)]
    assert world.order(order_id).status is Status.CANCELLED
    assert [type(event) for event in events[-4:-1]] == [PaymentCaptured, PaymentRefunded, InventoryReleased]
    assert_books_agree(world, order_id)


def test_a_failed_order_keeps_what_it_has_and_goes_on_there_when_it_is_redriven() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_unavailable_9"))
    assert world.run(order_id)[-1] == "OrderParked"
    assert world.order(order_id).status is Status.FAILED
    assert world.inventory.reserved("GADGET-7") == WANTED["GADGET-7"]
    with pytest.raises(DependencyUnavailable):
        world.step("CapturePayment", order_id)
    world.redrive(order_id)
    world.run(order_id)
    assert world.order(order_id).status is Status.CONFIRMED
    assert world.history(order_id).count("OrderValidated") == 1
    assert_books_agree(world, order_id)


def test_a_failed_order_that_is_cancelled_is_undone() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_unavailable_99"))
    world.run(order_id)
    world.cancel(order_id)
    world.run(order_id)
    assert world.order(order_id).status is Status.CANCELLED
    assert_books_agree(world, order_id)


def test_times_of_the_events_come_from_the_injected_clock() -> None:
    world, order_id = world_of(SCENARIOS["confirmed"])
    world.clock.advance(90)
    world.run(order_id)
    assert [(one.recorded_at - NOW).total_seconds() for one in world.events.load(order_id)] == [0, 90, 90, 90, 90]


def test_every_article_is_reserved_once_however_often_it_is_on_the_order() -> None:
    world = WorkflowHarness()
    lines = (line("GADGET-7", 2, 1, "99.00"), line("GADGET-7", 3, 2, "99.00"))
    order_id = world.accept(content("SO-2", *lines))
    world.run(order_id)
    assert world.inventory.reserved(GADGET.sku) == 5
