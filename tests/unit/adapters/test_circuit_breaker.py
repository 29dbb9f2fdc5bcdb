"""The circuit breaker: when it opens, who probes, what it costs, and that it never becomes the outage itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments.guarded import GuardedGateway
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker, CircuitSettings
from chalicelib.adapters.resilience.circuits import Circuit, State
from chalicelib.domain.errors import (
    CircuitOpen,
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
    PaymentDeclined,
    Reason,
    VersionConflict,
)
from chalicelib.domain.money import Money
from chalicelib.domain.order import PaymentInstruction
from chalicelib.ports import PaymentRequest
from tests.support.faults.circuit import NAME, Shared, SlowStore, World
from tests.support.faults.interleave import interleave

OPENED, PROBED, CLOSED, REOPENED = (
    (NAME, State.CLOSED, State.OPEN),
    (NAME, State.OPEN, State.HALF_OPEN),
    (NAME, State.HALF_OPEN, State.CLOSED),
    (NAME, State.HALF_OPEN, State.OPEN),
)


@pytest.fixture
def world() -> World:
    return World()


class TestOpening:
    def test_opens_after_the_threshold_and_calls_no_more(self, world: World) -> None:
        breaker = world.process()
        world.fail(breaker, 4)
        assert world.transitions == []
        world.fail(breaker, 1)
        assert world.transitions == [OPENED]
        assert all(world.refused(breaker) for _ in range(100))
        assert world.calls == 5

    def test_failures_of_all_processes_add_up_and_all_stop(self, world: World) -> None:
        processes = [world.process() for _ in range(5)]
        for breaker in processes:
            world.fail(breaker, 1)
        world.clock.advance(1)
        assert all(world.refused(breaker) for breaker in [*processes, world.process()])
        assert world.transitions == [OPENED]

    def test_an_unanswered_call_counts_like_a_refused_one(self, world: World) -> None:
        breaker = world.process()
        world.fail(breaker, 4)
        world.error = DependencyTimeout(NAME, "no answer")
        with pytest.raises(DependencyTimeout):
            breaker.call(world.dependency)
        assert world.refused(breaker)

    def test_failures_far_apart_do_not_add_up(self, world: World) -> None:
        breaker = world.process()
        for _ in range(20):
            world.fail(breaker, 1)
            world.clock.advance(10)
        assert world.transitions == []

    def test_a_few_failures_among_many_calls_are_no_outage(self, world: World) -> None:
        breaker = world.process()
        for _ in range(50):
            world.error = None
            for _ in range(4):
                breaker.call(world.dependency)
            world.fail(breaker, 1)
        assert world.transitions == []

    @pytest.mark.parametrize(
        "error",
        [
            PaymentDeclined(Reason("card_declined.lost_card", "no")),
            DependencyUnavailable("DynamoDB", "the table of the ledger, not the provider"),
        ],
    )
    def test_a_no_and_the_failures_of_others_do_not_count(self, world: World, error: OrderbridgeError) -> None:
        breaker = world.process()
        world.error = error
        for _ in range(20):
            with pytest.raises(type(error)):
                breaker.call(world.dependency)
        assert world.transitions == []

    def test_errors_of_the_kind_count_for_each_of_the_kind(self, world: World) -> None:
        breaker = CircuitBreaker("erp:sap-emea", world.store, world.clock, world.ids)
        world.error = DependencyTimeout("erp", "no answer")
        for _ in range(5):
            with pytest.raises(DependencyTimeout):
                breaker.call(world.dependency)
        assert breaker.snapshot().state is State.OPEN


class TestRecovering:
    def opened(self, world: World) -> CircuitBreaker:
        breaker = world.process()
        world.fail(breaker, 5)
        world.calls = 0
        return breaker

    def test_nobody_calls_before_the_interval_is_over(self, world: World) -> None:
        breaker = self.opened(world)
        world.clock.advance(14.9)
        assert world.refused(breaker)
        assert world.refused(world.process())

    def test_a_good_probe_closes_for_everybody(self, world: World) -> None:
        breaker, other = self.opened(world), world.process()
        world.clock.advance(15)
        world.error = None
        assert breaker.call(world.dependency) == "fine"
        assert world.transitions == [OPENED, PROBED, CLOSED]
        assert other.call(world.dependency) == breaker.call(world.dependency) == "fine"

    def test_a_no_is_an_answer_too(self, world: World) -> None:
        breaker = self.opened(world)
        world.clock.advance(15)
        world.error = PaymentDeclined(Reason("card_declined.lost_card", "no"))
        with pytest.raises(PaymentDeclined):
            breaker.call(world.dependency)
        assert world.transitions[-1] == CLOSED

    @pytest.mark.parametrize(
        "error",
        [
            DependencyUnavailable("DynamoDB", "throttled"),
            DependencyTimeout("DynamoDB", "no answer"),
            Contention("the ledger is written too often"),
            VersionConflict("o-1", 3),
            Misconfigured("the secret of the provider is missing"),
        ],
        ids=lambda error: f"{type(error).__name__} of ours",
    )
    def test_a_probe_that_failed_for_another_reason_says_nothing(self, world: World, error: OrderbridgeError) -> None:
        """The circuit neither closes nor stays open for longer: the next caller probes, at once."""
        breaker, other = self.opened(world), world.process()
        world.clock.advance(15)
        world.error = error
        with pytest.raises(type(error)):
            breaker.call(world.dependency)
        assert breaker.snapshot().state is State.HALF_OPEN
        world.clock.advance(1)
        world.fail(other, 1)
        assert world.transitions[-1] == REOPENED
        assert other.snapshot().interval_s == 30
        world.clock.advance(30)
        world.error = error
        with pytest.raises(type(error)):
            other.call(world.dependency)
        world.error = None
        assert other.call(world.dependency) == "fine"
        assert world.transitions[-1] == CLOSED

    def test_a_failed_probe_opens_for_twice_as_long_up_to_a_bound(self, world: World) -> None:
        breaker = self.opened(world)
        waited = []
        for _ in range(6):
            seconds = breaker.snapshot().interval_s
            world.clock.advance(seconds - 0.1)
            assert world.refused(breaker)
            world.clock.advance(0.1)
            world.fail(breaker, 1)
            waited.append(seconds)
        assert waited == [15, 30, 60, 120, 120, 120]
        assert world.transitions == [OPENED, *[PROBED, REOPENED] * 6]

    def test_after_recovery_the_next_outage_starts_with_the_short_interval(self, world: World) -> None:
        breaker = self.opened(world)
        world.clock.advance(15)
        world.fail(breaker, 1)
        world.clock.advance(30)
        world.error = None
        breaker.call(world.dependency)
        world.fail(breaker, 5)
        assert breaker.snapshot().interval_s == 15

    def test_one_probe_per_interval_whatever_many_processes_try(self, world: World) -> None:
        self.opened(world)
        processes = [world.process() for _ in range(20)]
        calls_per_second = []
        for _ in range(600):
            world.clock.advance(1)
            before = world.calls
            for breaker in processes:
                world.refused(breaker)
            calls_per_second.append(world.calls - before)
        assert max(calls_per_second) == 1
        assert sum(calls_per_second) == 7  # after 15, 45, 105, 225, 345, 465 and 585 seconds

    def test_while_a_probe_is_under_way_nobody_else_calls(self, world: World) -> None:
        breaker, other = self.opened(world), world.process()
        world.clock.advance(15)
        world.error = None

        def slow() -> str:
            world.clock.advance(20)
            assert world.refused(other)
            return world.dependency()

        assert breaker.call(slow) == "fine"
        assert world.calls == 1

    def test_a_probe_that_was_killed_is_given_up_and_another_is_made(self, world: World) -> None:
        breaker, other = self.opened(world), world.process()
        world.clock.advance(15)

        def killed() -> str:
            raise SystemExit

        with pytest.raises(SystemExit):
            breaker.call(killed)
        world.error = None
        world.clock.advance(59)
        assert world.refused(other)
        world.clock.advance(1)
        assert other.call(world.dependency) == "fine"
        assert world.transitions == [OPENED, PROBED, (NAME, State.HALF_OPEN, State.HALF_OPEN), CLOSED]

    def test_a_probe_that_ends_after_it_was_given_up_changes_nothing(self, world: World) -> None:
        breaker, other = self.opened(world), world.process()
        world.clock.advance(15)

        def outlives() -> str:
            world.clock.advance(60)
            world.fail(other, 1)
            return "late"

        assert breaker.call(outlives) == "late"
        assert breaker.snapshot().state is State.OPEN

    def test_a_call_that_fails_late_does_not_open_what_a_probe_has_closed(self, world: World) -> None:
        breaker = world.process(CircuitSettings(threshold=1))
        late = world.process(CircuitSettings(threshold=1))

        def fails_late() -> str:
            world.fail(breaker, 1)
            world.clock.advance(15)
            world.error = None
            breaker.call(world.dependency)
            raise DependencyTimeout(NAME, "begun before the circuit was open")

        with pytest.raises(DependencyTimeout):
            late.call(fails_late)
        assert breaker.snapshot().state is State.CLOSED

    @given(choices=st.lists(st.integers(0, 4), max_size=60), waits=st.lists(st.integers(0, 40), max_size=12))
    def test_whatever_the_processes_do_in_between_each_probe_is_one_call(
        self, choices: list[int], waits: list[int]
    ) -> None:
        """Before each look at the store, and before the call itself, any other process may go first, and time pass."""
        world, shared, passing = World(), Shared(), iter(waits)
        assert shared.change(Circuit(NAME), Circuit(NAME).opened(world.clock.now(), 15, "t"))

        def process(shared: Any) -> None:
            breaker = world.process(store=shared)
            for _ in range(3):
                world.clock.advance(next(passing, 1))
                with suppress(CircuitOpen, DependencyUnavailable):
                    breaker.call(shared.provide)

        outcomes = interleave(shared, [process] * 4, iter(choices))
        assert outcomes == [None] * 4
        assert shared.called == [after for _, _, after in world.transitions].count(State.HALF_OPEN)

    def test_a_view_is_as_old_as_the_question_not_as_its_answer(self) -> None:
        """While the answer was on its way the circuit opened: one call may go by that view, no second one."""
        world = World()
        store = SlowStore(world.clock)
        breaker = world.process(store=store)
        store.meanwhile = lambda: store.change(Circuit(NAME), Circuit(NAME).opened(world.clock.now(), 15, "t"))
        assert breaker.call(world.dependency) == "fine"
        assert world.refused(breaker)


class TestCost:
    def test_while_all_is_well_nothing_is_written_and_little_is_read(self, world: World) -> None:
        breaker = world.process()
        for _ in range(1000):
            breaker.call(world.dependency)
            world.clock.advance(0.01)
        assert set(world.store.asked) == {"load"}
        assert len(world.store.asked) <= 11  # once a second

    def test_a_store_that_is_down_stops_no_call_and_is_left_alone(self, world: World) -> None:
        breaker = world.process()
        world.store.broken = True
        for _ in range(50):
            assert breaker.call(world.dependency) == "fine"
        world.fail(breaker, 50)
        assert len(world.store.asked) == 1

    def test_a_store_that_breaks_while_the_circuit_is_open_lets_calls_through(self, world: World) -> None:
        breaker = world.process()
        world.fail(breaker, 5)
        world.store.broken = True
        world.clock.advance(1)
        world.error = None
        assert breaker.call(world.dependency) == "fine"

    def test_a_store_that_is_back_is_asked_again(self, world: World) -> None:
        breaker, other = world.process(), world.process()
        world.store.broken = True
        breaker.call(world.dependency)
        world.store.broken = False
        world.fail(other, 5)
        world.clock.advance(1)
        world.fail(breaker, 1)
        world.clock.advance(29)
        world.error = None
        assert breaker.call(world.dependency) == "fine"
        assert world.transitions[-1] == CLOSED


def test_the_state_can_be_seen(world: World) -> None:
    breaker = world.process()
    assert breaker.snapshot().state is State.CLOSED
    world.fail(breaker, 5)
    seen = breaker.snapshot()
    assert (seen.state, seen.since) == (State.OPEN, world.clock.now())
    assert seen.blocks(world.clock.now())
    world.clock.advance(15)
    assert not seen.blocks(world.clock.now())  # somebody has to make the probe


def test_a_guarded_gateway_fails_fast_in_every_call(world: World) -> None:
    gateway = GuardedGateway(SandboxGateway(MemoryChargeLedger(), world.clock, world.ids), world.process())
    down = PaymentRequest("o-1", "C-1", Money(100, "EUR"), PaymentInstruction("card", "pm_sandbox_unavailable_9"))
    declined = PaymentRequest("o-2", "C-1", Money(100, "EUR"), PaymentInstruction("card", "pm_card_chargeDeclined"))
    for _ in range(9):
        with pytest.raises(PaymentDeclined):
            gateway.capture(declined)
    for _ in range(1 + 5):  # the first failure after so many answers is taken for chance
        with pytest.raises(DependencyUnavailable):
            gateway.capture(down)
    calls: list[Callable[[PaymentRequest], object]] = [
        gateway.capture,
        gateway.find,
        gateway.void,
        lambda request: gateway.refund(request, "p-1"),
    ]
    for call in calls:
        with pytest.raises(CircuitOpen):
            call(declined)
    world.clock.advance(15)
    assert gateway.find(declined) is None
    assert world.transitions == [OPENED, PROBED, CLOSED]
