"""The payment provider is down for longer than the workflow's retries last: nobody has to do anything."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.adapters.resilience.circuit_breaker import CircuitSettings
from chalicelib.adapters.resilience.circuits import Circuit, State
from chalicelib.domain.events import OrderRedriven
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import (
    charge_of,
    confirmed_order,
    event_types,
    let_interval_pass,
    order_of,
    short_waits,
    switched,
    variables,
    wait_until,
)

pytestmark = pytest.mark.e2e

LONGEST_S = CircuitSettings().max_recovery_s
WAIT_SCALE = 0.02
"""The retries of an open circuit last up to 345 s; scaled 7 s, which is less than the 15 s that it stays open.

That it stays open for 15 s, and longer after each probe, is not waited for: its time is moved.
"""


@pytest.mark.parametrize("count", [20, pytest.param(50, marks=pytest.mark.slow)])
def test_orders_during_a_long_payment_outage(stack: Deployed, count: int) -> None:
    with short_waits(stack, WAIT_SCALE), variables(stack, "consume_dead_letters", ORDERBRIDGE_REDRIVE_DELAY_S="2"):
        with switched(stack, "payment", Mode.UNAVAILABLE):
            with ThreadPoolExecutor(8) as pool:
                orders = list(pool.map(lambda _: stack.submit(confirmed_order()), range(count)))
            wait_until(lambda: all("OrderFailed" in event_types(stack, order) for order in orders), "all are parked")
            before, calls_before = while_open(stack)
            shown = {check["name"]: check for check in stack.api.get("/health").body["checks"]}
            assert shown["payment"]["status"] == "degraded"
            let_interval_pass(stack, "payment")
            wait_until(lambda: circuit(stack).version > before.version, "a probe is made")
            after, calls_after = while_open(stack)
        wait_until(lambda: is_closed(stack), "a probe is answered")
        for order in orders:
            assert stack.until(order, "CONFIRMED", "REJECTED", "CANCELLED")["status"] == "CONFIRMED"
    assert circuit(stack).state is State.CLOSED
    assert stack.api.get("/health").body["status"] == "ok"

    for order in orders:
        types = Counter(event_types(stack, order))
        assert types["PaymentCaptured"] == types["OrderConfirmed"] == 1
        charge = charge_of(stack, order)
        assert charge is not None
        assert (charge.state, charge.amount) == (ChargeState.CAPTURED, order_of(stack, order).content.total)
        by = {e.event.by for e in stack.app.events.load(order) if isinstance(e.event, OrderRedriven)}
        assert by == {"orderbridge"}, "no operator did anything"

    probes = (after.version - before.version) // len((State.HALF_OPEN, State.OPEN))
    assert probes >= 1
    assert after.interval_s > before.interval_s or before.interval_s == LONGEST_S
    assert calls_after - calls_before == probes, "the provider was asked by the probes, and by nobody else"


def circuit(stack: Deployed) -> Circuit:
    return stack.app.breaker("payment").snapshot()


def is_closed(stack: Deployed) -> bool:
    let_interval_pass(stack, "payment")
    return circuit(stack).state is State.CLOSED


def while_open(stack: Deployed) -> tuple[Circuit, int]:
    """The circuit when it is open, and how many calls had come through to the provider while it was in that state.

    Counted against the circuit's own versions and not against the clock: a slow machine may make several probes while
    this test looks once.
    """
    found: list[tuple[Circuit, int]] = []

    def seen() -> bool:
        before = circuit(stack)
        calls = sum(stack.app.switches.calls("payment").values())
        found.append((before, calls))
        return before.state is State.OPEN and circuit(stack) == before

    wait_until(seen, "the circuit is open")
    return found[-1]
