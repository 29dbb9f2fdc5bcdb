"""Steps that are killed, lose answers or cannot say what happened: the order ends as if nothing had been."""

from __future__ import annotations

import pytest

from chalicelib.adapters.dynamodb.control.fault_switches import DynamoDbSwitchStore
from chalicelib.adapters.fault_injection.switches import Mode, Switch
from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.domain.events import PaymentCaptured
from chalicelib.workflow.table import COMPENSATIONS, REJECT, STEPS
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import (
    all_switched,
    charge_of,
    confirmed_order,
    event_types,
    held_order,
    order_of,
    short_waits,
    switched,
)

pytestmark = pytest.mark.e2e

STEPS_TO_KILL = tuple(("step", step.name) for step in (*STEPS, *COMPENSATIONS, REJECT))
CALLS_TO_KILL = (("payment", "capture"), ("payment", "refund"), ("inventory", "reserve"), ("inventory", "release"))
"""A step killed around its side effect, not around its whole work: what was done is not recorded yet."""

CONFIRMED = ["OrderReceived", "OrderValidated", "InventoryReserved", "PaymentCaptured", "OrderConfirmed"]
UNDONE = [*CONFIRMED[:-1], "RejectionDecided", "PaymentRefunded", "InventoryReleased", "OrderRejected"]


def assert_confirmed(stack: Deployed, order_id: str) -> None:
    assert event_types(stack, order_id) == CONFIRMED
    charge = charge_of(stack, order_id)
    assert charge is not None
    assert charge.state is ChargeState.CAPTURED
    assert charge.amount == order_of(stack, order_id).content.total
    assert stack.app.inventory.holds_anything(order_id)


def assert_undone(stack: Deployed, order_id: str) -> None:
    assert event_types(stack, order_id) == UNDONE
    charge = charge_of(stack, order_id)
    assert charge is not None
    assert charge.state is ChargeState.REFUNDED
    assert not stack.app.inventory.holds_anything(order_id)


@pytest.mark.parametrize("mode", [Mode.CRASH_BEFORE, Mode.CRASH_AFTER])
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_killed_steps_and_compensations_change_nothing(stack: Deployed, mode: Mode, times: int) -> None:
    """Each function is killed around its work and, if it has one, around its side effect, on its way with three orders,
    of which two are undone from the last step.
    """
    killed = (*STEPS_TO_KILL, *CALLS_TO_KILL)
    switches = [Switch(dependency, mode, operation, remaining=times) for dependency, operation in killed]
    with all_switched(stack, switches), short_waits(stack, 0.2):
        undone = [stack.submit(held_order()) for _ in range(2)]
        confirmed = stack.submit(confirmed_order())
        for order_id in (*undone, confirmed):
            stack.outcome(order_id)
        store = DynamoDbSwitchStore(stack.aws.client("dynamodb"), stack.settings.name("control"))
        left = {(switch.dependency, switch.operation): switch.remaining for switch in store.switches()}
        left = {key: remaining for key, remaining in left.items() if key in killed}
    assert left == dict.fromkeys(killed, 0), "every function was killed as often as was wanted"
    for order_id in undone:
        assert_undone(stack, order_id)
    assert_confirmed(stack, confirmed)


def test_a_payment_that_times_out_after_capturing_is_found_not_repeated(stack: Deployed) -> None:
    with switched(stack, "payment", Mode.TIMEOUT_AFTER, "capture", calls=1):
        order_id = stack.submit(confirmed_order())
        assert stack.outcome(order_id)["status"] == "CONFIRMED"
    assert_confirmed(stack, order_id)
    [captured] = [e.event for e in stack.app.events.load(order_id) if isinstance(e.event, PaymentCaptured)]
    assert captured.found_by_lookup


def test_a_refund_that_times_out_after_refunding_is_one_refund(stack: Deployed) -> None:
    with switched(stack, "payment", Mode.TIMEOUT_AFTER, "refund", calls=1):
        order_id = stack.submit(held_order())
        assert stack.outcome(order_id)["status"] == "REJECTED"
    assert_undone(stack, order_id)
    refund = order_of(stack, order_id).refund
    charge = charge_of(stack, order_id)
    assert refund is not None
    assert charge is not None
    assert refund.refund_id == charge.refund_id
