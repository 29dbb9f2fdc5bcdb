"""Failure switches: what a caller meets, for how long, and that nothing can be switched where it is not allowed."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.adapters.fault_injection.faulty_ports import FaultyGateway, FaultyInventory
from chalicelib.adapters.fault_injection.switches import LONGEST_REHEARSAL, FaultSwitches, Mode, Switch
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryInventory, SequentialIds
from chalicelib.adapters.memory.fault_switches import MemorySwitchStore
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.domain.errors import (
    DependencyTimeout,
    DependencyUnavailable,
    InsufficientStock,
    Misconfigured,
    PaymentDeclined,
    Refused,
)
from chalicelib.domain.events import InventoryReleased, InventoryReserved
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction
from chalicelib.ports import PaymentRequest
from tests.support.builders import append, received

REQUEST = PaymentRequest("o-1", "C-1001", Money(4500, "EUR"), PaymentInstruction("card", "pm_card_visa"))


class Killed(BaseException):
    """The process is gone."""


def kill(code: int) -> None:
    raise Killed(code)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def switches(clock: FixedClock) -> FaultSwitches:
    return FaultSwitches(MemorySwitchStore(), clock, enabled=True, kill=kill)


@pytest.fixture
def gateway(switches: FaultSwitches, clock: FixedClock) -> FaultyGateway:
    return FaultyGateway(SandboxGateway(MemoryChargeLedger(), clock, SequentialIds()), switches)


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "error"),
        [
            (Mode.UNAVAILABLE, DependencyUnavailable),
            (Mode.TIMEOUT_BEFORE, DependencyTimeout),
            (Mode.BROKEN, Misconfigured),
            (Mode.DECLINE, PaymentDeclined),
            (Mode.CRASH_BEFORE, Killed),
        ],
    )
    def test_before_nothing_happens(
        self, gateway: FaultyGateway, switches: FaultSwitches, mode: Mode, error: type[BaseException]
    ) -> None:
        switches.on(Switch("payment", mode, "capture"))
        with pytest.raises(error):
            gateway.capture(REQUEST)
        assert gateway.find(REQUEST) is None

    @pytest.mark.parametrize(("mode", "error"), [(Mode.TIMEOUT_AFTER, DependencyTimeout), (Mode.CRASH_AFTER, Killed)])
    def test_after_it_has_happened(
        self, gateway: FaultyGateway, switches: FaultSwitches, mode: Mode, error: type[BaseException]
    ) -> None:
        switches.on(Switch("payment", mode, "capture"))
        with pytest.raises(error):
            gateway.capture(REQUEST)
        assert gateway.find(REQUEST) is not None

    def test_slow_answers_later(self, gateway: FaultyGateway, switches: FaultSwitches, clock: FixedClock) -> None:
        switches.on(Switch("payment", Mode.SLOW, seconds=2.5))
        assert gateway.capture(REQUEST) == gateway.find(REQUEST)
        assert clock.slept == [2.5, 2.5]

    def test_errors_name_the_dependency_so_that_its_circuit_counts_them(
        self, gateway: FaultyGateway, switches: FaultSwitches
    ) -> None:
        switches.on(Switch("payment", Mode.UNAVAILABLE))
        with pytest.raises(DependencyUnavailable) as error:
            gateway.find(REQUEST)
        assert error.value.dependency == "payment"

    def test_decline_leaves_alone_what_cannot_be_declined(
        self, gateway: FaultyGateway, switches: FaultSwitches
    ) -> None:
        payment = gateway.capture(REQUEST)
        switches.on(Switch("payment", Mode.DECLINE, remaining=1))
        assert gateway.refund(REQUEST, payment.payment_id)
        assert gateway.void(REQUEST)
        with pytest.raises(PaymentDeclined, match="rehearsal"):
            gateway.capture(REQUEST)

    def test_the_stock_fails_in_the_same_way(self, switches: FaultSwitches) -> None:
        events = MemoryEventStore()
        events.append(append(received()))
        inventory = FaultyInventory(MemoryInventory(events), switches)
        inventory.set_available("WIDGET-1", 5)
        reservation = append(InventoryReserved({"WIDGET-1": 3}), expected_version=1, token="t-2")
        switches.on(Switch("inventory", Mode.DECLINE, remaining=1))
        with pytest.raises(InsufficientStock):
            inventory.reserve({"WIDGET-1": 3}, reservation)
        switches.on(Switch("inventory", Mode.TIMEOUT_AFTER, remaining=1))
        with pytest.raises(DependencyTimeout):
            inventory.reserve({"WIDGET-1": 3}, reservation)
        assert inventory.holds_anything("o-1")
        assert (inventory.available("WIDGET-1"), inventory.reserved("WIDGET-1")) == (2, 3)
        switches.on(Switch("inventory", Mode.UNAVAILABLE, "release", remaining=1))
        release = append(InventoryReleased({}), expected_version=2, token="t-3")
        with pytest.raises(DependencyUnavailable):
            inventory.release(release)
        inventory.release(release)
        assert inventory.available("WIDGET-1") == 5

    def test_anything_else_too(self, switches: FaultSwitches) -> None:
        switches.on(Switch("callback:sap-emea", Mode.UNAVAILABLE, remaining=1))
        with pytest.raises(DependencyUnavailable, match="callback:sap-emea"):
            switches.with_faults("callback:sap-emea", lambda: "sent")
        assert switches.with_faults("callback:sap-emea", lambda: "sent") == "sent"


class TestDuration:
    def test_for_a_number_of_calls(self, gateway: FaultyGateway, switches: FaultSwitches) -> None:
        switches.on(Switch("payment", Mode.UNAVAILABLE, "capture", remaining=3))
        for _ in range(3):
            gateway.find(REQUEST)
            with pytest.raises(DependencyUnavailable):
                gateway.capture(REQUEST)
        assert gateway.capture(REQUEST)
        assert switches.status() == []

    def test_until_a_moment(self, gateway: FaultyGateway, switches: FaultSwitches, clock: FixedClock) -> None:
        switches.on(Switch("payment", Mode.UNAVAILABLE, until=clock.now() + timedelta(minutes=5)))
        clock.advance(299)
        with pytest.raises(DependencyUnavailable):
            gateway.capture(REQUEST)
        clock.advance(1)
        assert gateway.capture(REQUEST)

    def test_until_it_is_switched_off(self, gateway: FaultyGateway, switches: FaultSwitches) -> None:
        switches.on(Switch("payment", Mode.UNAVAILABLE))
        for _ in range(50):
            with pytest.raises(DependencyUnavailable):
                gateway.capture(REQUEST)
        switches.off("payment")
        assert gateway.capture(REQUEST)

    def test_a_forgotten_switch_ends_after_a_day(self, switches: FaultSwitches, clock: FixedClock) -> None:
        on = switches.on(Switch("payment", Mode.UNAVAILABLE, until=clock.now() + timedelta(days=30)))
        assert on.until == clock.now() + LONGEST_REHEARSAL
        assert list(switches.status()) == [on]
        clock.advance(LONGEST_REHEARSAL.total_seconds())
        assert switches.status() == []

    def test_a_crash_is_for_one_call_unless_said_otherwise(self, switches: FaultSwitches) -> None:
        assert switches.on(Switch("payment", Mode.CRASH_AFTER)).remaining == 1
        assert switches.on(Switch("payment", Mode.CRASH_AFTER, remaining=4)).remaining == 4

    def test_the_switch_of_an_operation_goes_before_that_of_all(
        self, gateway: FaultyGateway, switches: FaultSwitches
    ) -> None:
        switches.on(Switch("payment", Mode.UNAVAILABLE))
        switches.on(Switch("payment", Mode.TIMEOUT_BEFORE, "capture", remaining=1))
        with pytest.raises(DependencyTimeout):
            gateway.capture(REQUEST)
        with pytest.raises(DependencyUnavailable):
            gateway.capture(REQUEST)


class TestSafety:
    def test_where_they_are_not_allowed_nothing_can_be_switched_and_nothing_is_read(self, clock: FixedClock) -> None:
        store = MemorySwitchStore()
        store.put(Switch("payment", Mode.UNAVAILABLE, until=clock.now() + timedelta(hours=1)))
        switches = FaultSwitches(store, clock, enabled=False)
        assert switches.with_faults("payment", lambda: "paid") == "paid"
        assert switches.calls("payment") == {}
        with pytest.raises(Refused, match="does not allow"):
            switches.on(Switch("payment", Mode.UNAVAILABLE))

    @pytest.mark.parametrize(
        "nonsense",
        [
            Switch("payment", Mode.SLOW),
            Switch("payment", Mode.SLOW, seconds=61),
            Switch("payment", Mode.UNAVAILABLE, remaining=0),
            Switch("", Mode.UNAVAILABLE),
            Switch("a/b", Mode.UNAVAILABLE),
        ],
    )
    def test_nonsense_is_refused_when_it_is_switched_on(self, switches: FaultSwitches, nonsense: Switch) -> None:
        with pytest.raises(ValueError, match=r"needs|must"):
            switches.on(nonsense)

    def test_calls_are_counted_while_there_is_a_switch(
        self, gateway: FaultyGateway, switches: FaultSwitches, clock: FixedClock
    ) -> None:
        gateway.find(REQUEST)
        assert switches.calls("payment") == {}
        switches.on(Switch("payment", Mode.UNAVAILABLE, "capture"))
        for _ in range(3):
            gateway.find(REQUEST)
        clock.advance(2)
        with pytest.raises(DependencyUnavailable):
            gateway.capture(REQUEST)
        assert list(switches.calls("payment").values()) == [3, 1]


CRASHING = """
import sys
from chalicelib.adapters.memory.fault_switches import MemorySwitchStore
from chalicelib.adapters.fault_injection.switches import FaultSwitches, Mode, Switch
from chalicelib.adapters.system import SystemClock

switches = FaultSwitches(MemorySwitchStore(), SystemClock(), enabled=True)
switches.on(Switch("payment", Mode(sys.argv[1])))
try:
    switches.with_faults("payment", lambda: open(sys.argv[2], "w").close())
finally:
    print("this line is never reached")
"""


@pytest.mark.parametrize(("mode", "acted"), [("crash_before", False), ("crash_after", True)])
def test_a_crash_ends_the_process_on_the_spot(tmp_path: Path, mode: str, acted: bool) -> None:
    effect = tmp_path / "effect"
    command = [sys.executable, "-c", CRASHING, mode, str(effect)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (process.returncode, process.stdout, effect.exists()) == (1, "", acted)
