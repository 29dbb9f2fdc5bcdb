"""What every store of circuits promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.resilience.circuits import Circuit, CircuitStore, State
from tests.support.builders import NOW

CALLERS = 8


class CircuitStoreContract:
    """Inherit, and override `store`; `parallel` is False where the emulator is not safe in threads."""

    parallel = True

    @pytest.fixture
    def store(self) -> CircuitStore:
        raise NotImplementedError

    def test_a_circuit_that_never_changed_is_closed(self, store: CircuitStore) -> None:
        assert store.load("payment") == Circuit("payment", State.CLOSED)

    def test_changes_are_kept_to_the_microsecond(self, store: CircuitStore) -> None:
        now = NOW + timedelta(microseconds=123_457)
        opened = Circuit("payment").opened(now, 15.0, "t-1")
        assert store.change(Circuit("payment"), opened)
        assert store.load("payment") == opened
        probing = opened.probing(now + timedelta(seconds=15), 60.0, "t-2")
        assert store.change(opened, probing)
        assert store.load("payment") == probing
        assert (probing.since, probing.interval_s) == (now, 15.0)
        assert store.change(probing, probing.closed("t-3"))
        assert store.load("payment") == Circuit("payment", State.CLOSED, 3, token="t-3")

    def test_those_that_have_changed_are_listed(self, store: CircuitStore) -> None:
        store.count_failure("erp:quiet", NOW, 30.0)
        opened = [Circuit(name).opened(NOW, 15.0, "t-1") for name in ("erp:sap", "payment")]
        for circuit in opened:
            store.change(Circuit(circuit.name), circuit)
        assert list(store.changed()) == opened

    def test_only_the_first_change_of_a_version_counts(self, store: CircuitStore) -> None:
        first, second = (Circuit("payment").opened(NOW, 15.0, token) for token in ("t-1", "t-2"))
        assert store.change(Circuit("payment"), first)
        assert not store.change(Circuit("payment"), second)
        assert store.load("payment") == first
        assert store.change(first, first.closed("t-3"))
        assert not store.change(first, first.probing(NOW, 60.0, "t-4"))

    def test_a_change_whose_answer_was_lost_is_recognised(self, store: CircuitStore) -> None:
        opened = Circuit("payment").opened(NOW, 15.0, "t-1")
        assert [store.change(Circuit("payment"), opened) for _ in range(2)] == [True, True]

    def test_one_of_many_callers_changes_a_version(self, store: CircuitStore) -> None:
        opened = Circuit("payment").opened(NOW, 15.0, "t-0")
        store.change(Circuit("payment"), opened)
        with ThreadPoolExecutor(CALLERS if self.parallel else 1) as pool:
            won = pool.map(
                lambda number: store.change(opened, opened.probing(NOW, 60.0, f"p-{number}")), range(CALLERS)
            )
        assert sum(won) == 1

    def test_failures_are_counted_within_a_window(self, store: CircuitStore) -> None:
        def count(seconds: float) -> int:
            return store.count_failure("payment", NOW + timedelta(seconds=seconds), 30.0)

        assert [count(0), count(10), count(29.9)] == [1, 2, 3]
        assert [count(30), count(31)] == [1, 2]

    def test_failures_of_many_callers_add_up(self, store: CircuitStore) -> None:
        with ThreadPoolExecutor(CALLERS if self.parallel else 1) as pool:
            counted = pool.map(lambda _: store.count_failure("payment", NOW, 30.0), range(CALLERS))
        assert sorted(counted) == list(range(1, CALLERS + 1))

    def test_a_change_of_state_forgets_the_failures_before(self, store: CircuitStore) -> None:
        store.count_failure("payment", NOW, 30.0)
        opened = Circuit("payment").opened(NOW, 15.0, "t-1")
        assert store.change(Circuit("payment"), opened)
        store.count_failure("payment", NOW, 30.0)
        assert store.change(opened, opened.closed("t-2"))
        assert store.count_failure("payment", NOW, 30.0) == 1

    def test_circuits_do_not_see_each_other(self, store: CircuitStore) -> None:
        store.change(Circuit("payment"), Circuit("payment").opened(NOW, 15.0, "t-1"))
        store.count_failure("payment", NOW, 30.0)
        assert store.load("callback:sap") == Circuit("callback:sap")
        assert store.count_failure("callback:sap", NOW, 30.0) == 1
