"""The payment provider is down for longer than the workflow's retries last: nobody has to do anything."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.adapters.resilience.circuits import Circuit, State
from chalicelib.domain.events import OrderRedriven
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import (
    charge_of,
    confirmed_order,
    event_types,
    order_of,
    short_waits,
    switched,
    wait_until,
)

pytestmark = pytest.mark.e2e

ORDERS = 50
WAIT_SCALE = 0.02
"""The retries of an open circuit last up to 345 s; scaled 7 s, which is less than the 15 s that it stays open."""

SETTLING = timedelta(seconds=10)
"""For calls that were on their way when the circuit opened: on a machine of two cores each waits for its turn."""


def test_fifty_orders_during_a_long_payment_outage(stack: Deployed) -> None:
    with short_waits(stack, WAIT_SCALE):
        with switched(stack, "payment", Mode.UNAVAILABLE):
            with ThreadPoolExecutor(8) as pool:
                orders = list(pool.map(lambda _: stack.submit(confirmed_order()), range(ORDERS)))
            wait_until(lambda: all("OrderFailed" in event_types(stack, order) for order in orders), "all are parked")
            first = circuit(stack)
            assert first.state is not State.CLOSED
            shown = {check["name"]: check for check in stack.api.get("/health").body["checks"]}
            assert shown["payment"]["status"] == "degraded"
            wait_until(lambda: circuit(stack).interval_s > first.interval_s, "a probe has been made, and failed")
            probed = circuit(stack)
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

    assert first.since is not None
    assert probed.retry_at is not None
    reopened = probed.retry_at - timedelta(seconds=probed.interval_s)
    seen = {f"{second:%H:%M:%S}": count for second, count in stack.app.switches.calls("payment").items()}
    print(f"opened {first.since:%H:%M:%S}, probed in vain {reopened:%H:%M:%S}; calls by the second: {seen}")
    assert calls_between(stack, first.since + SETTLING, reopened + SETTLING) == 1, "one probe, by whom ever"
    assert calls_between(stack, reopened + SETTLING, probed.retry_at) == 0, "and none until the next one is due"


def circuit(stack: Deployed) -> Circuit:
    return stack.app.breaker("payment").snapshot()


def calls_between(stack: Deployed, start: datetime, end: datetime) -> int:
    """Calls that came through to the provider; counted by the second."""
    calls = stack.app.switches.calls("payment")
    return sum(count for second, count in calls.items() if start.replace(microsecond=0) <= second < end)
