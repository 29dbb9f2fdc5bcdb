"""Cancelling orders while they run, at any moment: money, stock and status agree."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from chalicelib.adapters.fault_injection.switches import Mode, Switch
from chalicelib.adapters.payments.ledger import ChargeState
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import (
    all_switched,
    charge_of,
    confirmed_order,
    event_types,
    held_order,
    wait_until,
)

pytestmark = pytest.mark.e2e

AT_ONCE = 6
STATES = 6
"""Orders are cancelled when they have 1, 2, ... events, the last ones when they have ended."""

JITTER_S = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """What the API said to a cancellation: 202, or 409 and why."""

    order_id: str
    status: int
    detail: str


@pytest.mark.parametrize("orders", [30, pytest.param(60, marks=pytest.mark.slow)])
def test_cancelling_at_any_moment(stack: Deployed, orders: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = list(pool.map(lambda number: submit_and_cancel(stack, number), range(orders)))
    for answer in asked:
        assert_all_agree(stack, answer)
    print(Counter((answer.status, answer.detail) for answer in asked))
    assert {answer.status for answer in asked} == {202, 409}


def submit_and_cancel(stack: Deployed, number: int) -> Asked:
    order_id = stack.submit(held_order() if number % 4 == 0 else confirmed_order())
    events = 1 + number % STATES
    wait_until(lambda: len(event_types(stack, order_id)) >= min(events, STATES - 1), f"{events} events", every_s=0.01)
    if events < STATES:
        time.sleep(random.Random(number).uniform(0, JITTER_S))
    else:
        stack.outcome(order_id)
    answer = stack.api.post(f"/orders/{order_id}/cancel", {"reason": "not needed"}, role="operate")
    assert answer.status in (202, 409), answer.body
    return Asked(order_id, answer.status, str(answer.body.get("detail", "")))


def assert_all_agree(stack: Deployed, asked: Asked) -> None:
    status = stack.outcome(asked.order_id)["status"]
    charge, held = charge_of(stack, asked.order_id), stack.app.inventory.holds_anything(asked.order_id)
    types = Counter(event_types(stack, asked.order_id))
    assert types["OrderConfirmed"] + types["OrderCancelled"] + types["OrderRejected"] == 1
    if asked.status == 202:
        assert status == "CANCELLED"
    if status == "CONFIRMED":
        assert "confirmed" in asked.detail
        assert held
        assert charge is not None
        assert charge.state is ChargeState.CAPTURED
    else:
        assert status in ("CANCELLED", "REJECTED")
        assert not held
        assert charge is None or charge.state in (ChargeState.REFUNDED, ChargeState.VOIDED)


def test_a_cancellation_that_is_accepted_while_the_order_is_about_to_be_parked(stack: Deployed) -> None:
    """A step is broken for good; the order is cancelled between its last try and what parks it, and undone at once."""
    broken = Switch("step", Mode.BROKEN, operation="ConfirmOrder")
    slow = Switch("step", Mode.SLOW, operation="HandleFailure", seconds=15.0)
    with all_switched(stack, [broken, slow]):
        order_id = stack.submit(confirmed_order())
        wait_until(lambda: "PaymentCaptured" in event_types(stack, order_id), "the payment")
        time.sleep(2)
        asked = stack.api.post(f"/orders/{order_id}/cancel", {"reason": "not needed"}, role="operate")
        assert asked.status == 202
        assert_all_agree(stack, Asked(order_id, asked.status, ""))
    types = event_types(stack, order_id)
    assert "OrderFailed" not in types
    assert types.index("CancellationRequested") < types.index("PaymentRefunded")
