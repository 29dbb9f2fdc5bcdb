"""The commands for rehearsing outages and for credit accounts, as an operator types them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.adapters.fault_injection.switches import FaultSwitches
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.memory.fault_switches import MemorySwitchStore
from chalicelib.adapters.memory.payments import MemoryCreditLedger
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable
from tests.support.cli import typed

Command = Callable[..., tuple[int, str]]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def switches(clock: FixedClock) -> FaultSwitches:
    return FaultSwitches(MemorySwitchStore(), clock, enabled=True)


@pytest.fixture
def fault(switches: FaultSwitches, clock: FixedClock) -> Command:
    def run(*arguments: str) -> tuple[int, str]:
        ended = typed("faults", *arguments, switches=switches, clock=clock)
        return ended.code, (ended.out + ended.err).strip()

    return run


class TestFaults:
    def test_a_rehearsal_from_beginning_to_end(self, fault: Command, switches: FaultSwitches) -> None:
        assert fault("list") == (0, "nothing is switched on")
        assert fault("on", "payment", "unavailable", "--calls", "20") == (
            0,
            "on: payment (all operations): unavailable, the next 20 calls, until 2026-11-24T10:15:00Z",
        )
        for _ in range(2):
            with pytest.raises(DependencyUnavailable):
                switches.with_faults("payment", lambda: "paid")
        assert fault("list") == (
            0,
            "payment (all operations): unavailable, the next 18 calls, until 2026-11-24T10:15:00Z",
        )
        assert fault("calls", "payment") == (0, "2026-11-23T10:15:00Z 2\n2 calls while a switch was on")
        assert fault("off", "payment")[0] == 0
        assert switches.with_faults("payment", lambda: "paid") == "paid"

    def test_one_operation_for_some_minutes(self, fault: Command, switches: FaultSwitches, clock: FixedClock) -> None:
        code, said = fault("on", "payment", "timeout_after", "--operation", "capture", "--minutes", "1.5")
        assert (code, said) == (0, "on: payment (capture): timeout_after, every call, until 2026-11-23T10:16:30Z")
        assert switches.with_faults("payment", lambda: "found", "find") == "found"
        with pytest.raises(DependencyTimeout):
            switches.with_faults("payment", lambda: "paid", "capture")

    def test_nonsense_is_answered_with_a_sentence(self, fault: Command) -> None:
        code, said = fault("on", "payment", "slow")
        assert (code, said.startswith("WrongCall: the mode slow needs the seconds")) == (2, True)

    @pytest.mark.parametrize(
        "option",
        ["--seconds=nan", "--seconds=0", "--seconds=61", "--minutes=-5", "--minutes=1e9", "--calls=0", "--calls=x"],
    )
    def test_a_wrong_number_is_a_wrong_call(self, fault: Command, switches: FaultSwitches, option: str) -> None:
        code, said = fault("on", "payment", "slow", option)
        assert (code, len(said.splitlines())) == (2, 1)
        assert "see `python -m chalicelib faults on --help`" in said
        assert switches.status() == []

    def test_a_stage_that_does_not_allow_it_cannot_be_switched(self, clock: FixedClock) -> None:
        switches = FaultSwitches(MemorySwitchStore(), clock, enabled=False)
        ended = typed("faults", "on", "payment", "unavailable", switches=switches, clock=clock)
        assert (ended.code, ended.out) == (1, "")
        assert "does not allow failure switches" in ended.err
        assert switches.with_faults("payment", lambda: "paid") == "paid"


class TestCredit:
    @pytest.fixture
    def command(self) -> Command:
        ledger = MemoryCreditLedger()

        def run(*arguments: str) -> tuple[int, str]:
            ended = typed("credit", *arguments, credit=ledger)
            return ended.code, (ended.out + ended.err).strip()

        return run

    def test_an_account_is_opened_shown_and_changed(self, command: Command) -> None:
        assert command("show", "C-1001", "EUR") == (
            1,
            "NotDone: C-1001 has no account in EUR; `credit limit` opens one",
        )
        opened = "C-1001: limit 5000.00 EUR, used 0.00 EUR, available 5000.00 EUR"
        assert command("limit", "C-1001", "5000.00", "EUR") == (0, opened)
        assert command("show", "C-1001", "EUR") == (0, opened)
        assert command("limit", "C-1001", "5.00", "EUR")[1].startswith("C-1001: limit 5.00 EUR")

    def test_a_payment_of_the_customer_frees_credit(self, command: Command) -> None:
        command("limit", "C-1001", "50.00", "EUR")
        settled = "C-1001: limit 50.00 EUR, used -5.00 EUR, available 55.00 EUR"
        for _ in range(2):
            assert command("settle", "C-1001", "5.00", "EUR", "--reference", "BANK-1") == (0, settled)
        assert command("settle", "C-2002", "5.00", "EUR", "--reference", "BANK-1")[0] == 1
        assert command("settle", "C-1001", "0.00", "EUR", "--reference", "BANK-2")[0] == 2

    @pytest.mark.parametrize(("amount", "currency"), [("5,00", "EUR"), ("5.001", "EUR"), ("-5", "EUR"), ("5", "XXX")])
    def test_what_is_no_limit_is_refused(self, command: Command, amount: str, currency: str) -> None:
        code, said = command("limit", "C-1001", "--", amount, currency)
        assert (code, said.startswith("WrongCall: ")) == (2, True)
        assert command("show", "C-1001", currency)[0] == 1
