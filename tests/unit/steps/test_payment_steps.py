"""The payment steps over a gateway that fails: charged once, given back once, whatever is lost or killed on the way."""

from __future__ import annotations

import heapq
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.adapters.fault_injection.faulty_ports import FaultyGateway
from chalicelib.adapters.fault_injection.switches import FaultSwitches, Mode, Switch
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, SequentialIds
from chalicelib.adapters.memory.circuits import MemoryCircuitStore
from chalicelib.adapters.memory.fault_switches import MemorySwitchStore
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments.guarded import GuardedGateway
from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker
from chalicelib.adapters.resilience.circuits import State
from chalicelib.domain.errors import (
    Cancelled,
    CircuitOpen,
    DependencyTimeout,
    DependencyUnavailable,
    PaymentDeclined,
    TransientError,
)
from chalicelib.domain.events import CancellationRequested, InventoryReserved, OrderValidated
from chalicelib.domain.state import Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import PaymentGateway
from chalicelib.steps.capture_payment import CapturePayment, payment_request
from chalicelib.steps.refund_payment import RefundPayment
from tests.support.builders import append, content, received


class Killed(BaseException):
    """The process is gone."""


def kill(code: int) -> None:
    raise Killed(code)


class Shop:
    """Orders that are reserved, and everything that the payment steps need, in memory."""

    def __init__(self) -> None:
        self.clock, self.ids, self.events = FixedClock(), SequentialIds(), MemoryEventStore()
        self.ledger = MemoryChargeLedger()
        self.switches = FaultSwitches(MemorySwitchStore(), self.clock, enabled=True, kill=kill)
        self.gateway: PaymentGateway = FaultyGateway(SandboxGateway(self.ledger, self.clock, self.ids), self.switches)

    def repository(self, step: str) -> OrderRepository:
        return OrderRepository(self.events, self.clock, self.ids, step)

    def reserved(self, external_id: str = "SO-1") -> str:
        order = content(external_id)
        for version, event in enumerate((received(order), OrderValidated({}), InventoryReserved({"WIDGET-1": 3}))):
            self.events.append(append(event, order.order_id, version, f"{external_id}-{version}"))
        return order.order_id

    def capture(self, order_id: str, retry: int = 0) -> Status:
        return CapturePayment(self.repository("CapturePayment"), self.gateway, look_first=retry > 0)(order_id)

    def refund(self, order_id: str) -> Status:
        return RefundPayment(self.repository("RefundPayment"), self.gateway)(order_id)

    def cancel(self, order_id: str) -> None:
        repository = self.repository("Operator")
        repository.append(repository.load(order_id), CancellationRequested("ops", "changed his mind"))


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.mark.parametrize(
    ("mode", "lost"), [(Mode.TIMEOUT_AFTER, DependencyTimeout), (Mode.CRASH_AFTER, Killed)], ids=["timeout", "crash"]
)
def test_a_charge_that_nobody_heard_of_is_found_and_used(shop: Shop, mode: Mode, lost: type[BaseException]) -> None:
    order_id = shop.reserved()
    shop.switches.on(Switch("payment", mode, "capture", remaining=1))
    with pytest.raises(lost):
        shop.capture(order_id)
    assert shop.capture(order_id, retry=1) is Status.PAID
    order, charge = shop.repository("test").load(order_id), shop.ledger.find(order_id)
    assert order.payment is not None
    assert charge is not None
    assert order.payment.found_by_lookup
    assert (order.payment.payment_id, order.payment.amount) == (charge.payment_id, order.content.total)


@pytest.mark.parametrize("mode", [Mode.UNAVAILABLE, Mode.TIMEOUT_BEFORE, Mode.CRASH_BEFORE])
def test_what_failed_before_the_charge_is_charged_by_the_next_try(shop: Shop, mode: Mode) -> None:
    order_id = shop.reserved()
    shop.switches.on(Switch("payment", mode, "capture", remaining=1))
    with pytest.raises((DependencyUnavailable, DependencyTimeout, Killed)):
        shop.capture(order_id)
    assert shop.capture(order_id, retry=1) is Status.PAID


def test_money_taken_without_our_knowing_is_given_back_when_the_order_is_cancelled(shop: Shop) -> None:
    order_id = shop.reserved()
    shop.switches.on(Switch("payment", Mode.CRASH_AFTER, "capture"))
    with pytest.raises(Killed):
        shop.capture(order_id)
    shop.cancel(order_id)
    with pytest.raises(Cancelled):
        shop.capture(order_id, retry=1)
    shop.refund(order_id)
    charge = shop.ledger.find(order_id)
    assert charge is not None
    assert charge.state is ChargeState.REFUNDED
    assert [event.type for event in shop.events.load(order_id)][-2:] == ["PaymentCaptured", "PaymentRefunded"]


def test_a_capture_that_arrives_after_the_order_was_undone_takes_nothing(shop: Shop) -> None:
    """Its state timed out, the order was cancelled and compensated, and only then it reaches the provider."""
    order_id = shop.reserved()
    zombie = payment_request(shop.repository("test").load(order_id))
    shop.cancel(order_id)
    shop.refund(order_id)
    with pytest.raises(PaymentDeclined, match="closed before it was charged"):
        shop.gateway.capture(zombie)
    charge = shop.ledger.find(order_id)
    assert charge is not None
    assert charge.state is ChargeState.VOIDED


@pytest.mark.parametrize("mode", [Mode.TIMEOUT_AFTER, Mode.CRASH_AFTER, Mode.UNAVAILABLE, Mode.CRASH_BEFORE])
def test_a_refund_that_was_lost_or_refused_is_made_once(shop: Shop, mode: Mode) -> None:
    order_id = shop.reserved()
    shop.capture(order_id)
    shop.cancel(order_id)
    shop.switches.on(Switch("payment", mode, "refund", remaining=1))
    with pytest.raises((DependencyTimeout, DependencyUnavailable, Killed)):
        shop.refund(order_id)
    shop.refund(order_id)
    order, charge = shop.repository("test").load(order_id), shop.ledger.find(order_id)
    assert order.refund is not None
    assert charge is not None
    assert charge.refund_id == order.refund.refund_id


def test_an_outage_longer_than_any_retry_costs_one_call_per_interval_and_loses_nothing(shop: Shop) -> None:
    """50 orders, each in a process of its own and retried for ever, as redrives do; payment is down for 20 minutes."""
    outage = timedelta(minutes=20)
    started, circuits = shop.clock.now(), MemoryCircuitStore()
    shop.switches.on(Switch("payment", Mode.UNAVAILABLE, until=started + outage))
    transitions: Counter[tuple[State, State]] = Counter()

    def guarded() -> PaymentGateway:
        breaker = CircuitBreaker(
            "payment", circuits, shop.clock, shop.ids, None, lambda _, old, new: transitions.update([(old, new)])
        )
        return GuardedGateway(shop.gateway, breaker)

    gateways = {shop.reserved(f"SO-{number}"): guarded() for number in range(50)}
    due = [(index * 0.1, 0, order_id) for index, order_id in enumerate(gateways)]
    while due:
        at, retry, order_id = heapq.heappop(due)
        shop.clock.advance(at - (shop.clock.now() - started).total_seconds())
        step = CapturePayment(shop.repository("CapturePayment"), gateways[order_id], look_first=retry > 0)
        try:
            assert step(order_id) is Status.PAID
        except TransientError as error:
            longest = 120 if isinstance(error, CircuitOpen) else 2**retry
            heapq.heappush(due, (at + 1 + shop.ids.fraction() * longest, retry + 1, order_id))

    charges = [shop.ledger.find(order_id) for order_id in gateways]
    assert all(charge is not None and charge.state is ChargeState.CAPTURED for charge in charges)
    calls = [second for second, count in shop.switches.calls("payment").items() for _ in range(count)]
    during = [second for second in calls if second < started + outage]
    opening, probes = during[:5], during[5:]
    assert max(opening) - min(opening) <= timedelta(seconds=30)
    assert min(b - a for a, b in pairwise([opening[-1], *probes])) >= timedelta(seconds=15)
    assert len(probes) <= 12
    assert transitions[State.HALF_OPEN, State.CLOSED] == 1
