"""Orders that come again after a "no": they end as they should have, are paid once, and nothing late disturbs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.adapters.memory.payments import MemoryCreditLedger
from chalicelib.adapters.payments.ledger import Charge, ChargeState
from chalicelib.adapters.payments.on_account.gateway import OnAccountGateway
from chalicelib.domain.errors import OrderbridgeError, Refused
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.reference import DeliveryHold
from chalicelib.domain.state import Status
from chalicelib.steps.handle_failure import Handled
from chalicelib.workflow.table import ALL_STEPS, UNDOING
from tests.support.builders import CUSTOMER, GADGET, content, line
from tests.support.faults.faults import Tripwire
from tests.support.workflow_harness import STOCK, WorkflowHarness

ORDER = content("SO-1", line(), line("GADGET-7", 2, 2, "99.00"))
WANTED = ORDER.quantities()
REVISIONS = (ORDER.order_id, f"{ORDER.order_id}.2", f"{ORDER.order_id}.3")


def paying(token: str) -> OrderContent:
    return replace(ORDER, payment=PaymentInstruction("card", token))


def charges(world: WorkflowHarness) -> list[tuple[ChargeState, Money]]:
    """Of each revision that the payment step was reached in, as the provider knows them."""
    found = [world.ledger.find(key) for key in REVISIONS]
    return [(charge.state, charge.amount) for charge in found if charge]


def assert_confirmed_once(world: WorkflowHarness, order: OrderContent) -> None:
    assert world.order(ORDER.order_id).status is Status.CONFIRMED
    taken = [amount for state, amount in charges(world) if state is ChargeState.CAPTURED]
    assert taken == [order.total], "one charge is left in the end"
    wanted = order.quantities()
    assert {sku: world.inventory.reserved(sku) for sku in wanted} == wanted
    assert all((world.inventory.available(sku) or 0) + wanted[sku] == STOCK for sku in wanted)


def _forget_customer(world: WorkflowHarness) -> Callable[[], object]:
    world.reference.customers.clear()
    return lambda: world.reference.customers.update({CUSTOMER.customer_id: CUSTOMER})


def _sell_out(world: WorkflowHarness) -> Callable[[], object]:
    world.inventory.set_available(GADGET.sku, 1)
    return lambda: world.inventory.set_available(GADGET.sku, STOCK)


def _hold(world: WorkflowHarness) -> Callable[[], object]:
    world.reference.holds["sku", GADGET.sku] = DeliveryHold("sku", GADGET.sku, "recalled")
    return world.reference.holds.clear


CAUSES = {"unknown customer": _forget_customer, "sold out": _sell_out, "on hold": _hold}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_same_order_is_validated_anew_when_its_cause_is_mended(cause: str) -> None:
    world = WorkflowHarness()
    mend = CAUSES[cause](world)
    order_id = world.accept(ORDER)
    world.run(order_id)
    assert world.order(order_id).status is Status.REJECTED
    world.revise(ORDER)
    world.run(order_id)
    assert world.order(order_id).status is Status.REJECTED, "nothing was mended yet"
    mend()
    assert world.revise(ORDER) == order_id
    world.run(order_id)
    assert_confirmed_once(world, ORDER)
    kinds = Counter(world.history(order_id))
    assert (kinds["OrderReceived"], kinds["OrderRevised"], kinds["OrderRejected"]) == (1, 2, 2)


def test_a_declined_order_is_paid_with_another_token_once() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_card_chargeDeclinedInsufficientFunds"))
    world.run(order_id)
    mended = paying("pm_card_visa")
    world.revise(mended)
    world.run(order_id)
    assert_confirmed_once(world, mended)
    assert charges(world) == [(ChargeState.VOIDED, ORDER.total), (ChargeState.CAPTURED, ORDER.total)]


def test_a_declined_order_is_paid_with_the_same_token_when_the_bank_takes_it() -> None:
    """The first answer of the provider is no answer to the second question."""
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_unavailable_9"))
    world.run(order_id)
    world.cancel(order_id)
    world.redrive(order_id)
    world.run(order_id)
    assert world.order(order_id).status is Status.CANCELLED
    world.revise(paying("pm_card_visa"))
    world.run(order_id)
    assert_confirmed_once(world, ORDER)


def test_an_order_that_was_cancelled_after_it_was_paid_is_paid_once_in_the_end() -> None:
    world = WorkflowHarness()
    order_id = world.accept(ORDER)
    world.run(order_id, before=lambda state: world.cancel(order_id) if state == "ConfirmOrder" else None)
    assert world.order(order_id).status is Status.CANCELLED
    smaller = content("SO-1", line(quantity=1))
    world.revise(smaller)
    world.run(order_id)
    assert_confirmed_once(world, smaller)
    assert charges(world) == [(ChargeState.REFUNDED, ORDER.total), (ChargeState.CAPTURED, smaller.total)]
    assert world.inventory.reserved(GADGET.sku) == 0


def test_credit_is_drawn_once_in_the_end() -> None:
    world = WorkflowHarness()
    world.ledger = credit = MemoryCreditLedger()
    limit = Money(500_000, "EUR")
    credit.open_account(CUSTOMER.customer_id, limit)
    world.gateway = OnAccountGateway(credit, world.clock, world.ids)  # type: ignore[assignment]
    order = replace(ORDER, payment=PaymentInstruction("on_account"))
    mend = _hold(world)
    order_id = world.accept(order)
    world.run(order_id)
    assert world.order(order_id).status is Status.REJECTED
    mend()
    world.revise(order)
    world.run(order_id)
    assert_confirmed_once(world, order)
    account = credit.account(CUSTOMER.customer_id, "EUR")
    assert account is not None
    assert account.used == order.total


def test_a_revised_order_can_be_rejected_and_cancelled_like_any_other() -> None:
    world = WorkflowHarness()
    _hold(world)
    order_id = world.accept(ORDER)
    world.run(order_id)
    world.revise(ORDER)
    world.run(order_id, before=lambda state: world.cancel(order_id) if state == "CapturePayment" else None)
    assert world.order(order_id).status is Status.CANCELLED
    world.revise(ORDER)
    world.run(order_id)
    assert world.order(order_id).status is Status.REJECTED
    assert [state for state, _ in charges(world)] == [ChargeState.REFUNDED, ChargeState.VOIDED, ChargeState.REFUNDED]
    assert {sku: world.inventory.available(sku) for sku in WANTED} == dict.fromkeys(WANTED, STOCK)


# what is late


def declined_then(events: int) -> WorkflowHarness:
    """A declined order, revised, and as many steps of the second attempt."""
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_card_chargeDeclined"))
    world.run(order_id)
    world.revise(ORDER)
    for step in ("ValidateOrder", "ReserveInventory", "CapturePayment", "ConfirmOrder")[:events]:
        world.step(step, order_id, attempt=2)
    return world


FAILURE = {"CapturePayment": {"Error": "DependencyTimeout", "Cause": "no answer"}}


@pytest.mark.parametrize("step", [step.name for step in ALL_STEPS])
@pytest.mark.parametrize("steps", range(5))
def test_a_late_step_of_the_attempt_before_changes_nothing(step: str, steps: int) -> None:
    world = declined_then(steps)
    before = world.history(ORDER.order_id)
    world.step(step, ORDER.order_id, failure=FAILURE, attempt=1)
    assert world.history(ORDER.order_id) == before
    assert world.alerts.published == []
    assert world.queue.sent == []
    world.run(ORDER.order_id)
    assert_confirmed_once(world, ORDER)


ON_THE_WAY = ("ValidateOrder", "ReserveInventory", "CapturePayment", "ConfirmOrder")


@pytest.mark.parametrize("step", [step.name for step in ALL_STEPS])
def test_a_step_that_is_under_way_while_the_order_is_cancelled_and_begins_anew_changes_nothing(step: str) -> None:
    """At any call that it makes of a port: it has loaded what is long past when it acts."""
    met = 0
    for place in range(1, 12):
        for after in (False, True):
            world = WorkflowHarness()
            order_id = world.accept(ORDER)
            prepare(world, step)
            wire = Tripwire(place, after, lambda world=world: begin_anew(world))  # type: ignore[misc]
            with suppress(OrderbridgeError):  # the execution of the attempt before ends somehow
                seen_through(world, wire).step(step, order_id, failure=FAILURE, attempt=1)
            if wire.tripped:
                met += 1
                assert_confirmed_once(world, world.order(order_id).content)
    assert met >= 2


def prepare(world: WorkflowHarness, step: str) -> None:
    """Everything that comes before the step, in an attempt that gets there."""
    for before in ON_THE_WAY[: ON_THE_WAY.index(step) if step in ON_THE_WAY else 3]:
        world.step(before, ORDER.order_id, attempt=1)
    if step in UNDOING:
        world.cancel(ORDER.order_id)
        for before in UNDOING[: UNDOING.index(step)]:
            world.step(before, ORDER.order_id, attempt=1)


def begin_anew(world: WorkflowHarness) -> None:
    with suppress(Refused):  # confirmed meanwhile: then that is how it ends
        world.cancel(ORDER.order_id)
        if world.order(ORDER.order_id).outcome is Status.FAILED:
            world.redrive(ORDER.order_id)
        world.run(ORDER.order_id)
        world.revise(content("SO-1", line(quantity=1)))
        world.run(ORDER.order_id)


def seen_through(world: WorkflowHarness, wire: Tripwire) -> WorkflowHarness:
    """The same world as one process sees it in which something happens at some call."""
    seen = WorkflowHarness(wire.around)
    for name in ("clock", "ids", "events", "inventory", "reference", "ledger", "gateway", "queue", "alerts"):
        setattr(seen, name, getattr(world, name))
    return seen


def test_an_execution_that_somebody_starts_by_hand_carries_the_order_as_it_is() -> None:
    world = declined_then(0)
    for step in ("ValidateOrder", "ReserveInventory", "CapturePayment", "ConfirmOrder"):
        world.step(step, ORDER.order_id, attempt=0)
    assert_confirmed_once(world, ORDER)


def test_a_failure_of_an_attempt_that_was_overtaken_is_nobody_s_business() -> None:
    world = WorkflowHarness()
    order_id = world.accept(paying("pm_sandbox_unavailable_9"))
    world.run(order_id)
    world.redrive(order_id)
    told = len(world.alerts.published), len(world.queue.sent)
    assert world.step("HandleFailure", order_id, failure=FAILURE, attempt=1) is Handled.SETTLED
    assert (len(world.alerts.published), len(world.queue.sent)) == told
    assert world.step("HandleFailure", order_id, failure=FAILURE, attempt=2) is Handled.PARKED
    assert (len(world.alerts.published), len(world.queue.sent)) == (told[0] + 1, told[1] + 1)


def test_a_charge_belongs_to_a_revision() -> None:
    world = declined_then(3)
    first, second = (world.ledger.find(key) for key in REVISIONS[:2])
    assert isinstance(first, Charge)
    assert isinstance(second, Charge)
    assert (first.key, second.key) == REVISIONS[:2]
