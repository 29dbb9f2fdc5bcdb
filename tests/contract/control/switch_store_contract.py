"""What every store of failure switches promises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from chalicelib.adapters.fault_injection.switches import ALL, Mode, Switch, SwitchStore
from tests.support.builders import NOW

CALLERS = 8
UNTIL = NOW + timedelta(hours=1)


def switch(dependency: str = "payment", operation: str = ALL, remaining: int | None = None) -> Switch:
    return Switch(dependency, Mode.UNAVAILABLE, operation, remaining, UNTIL)


class SwitchStoreContract:
    """Inherit, and override `store`; `parallel` is False where the emulator is not safe in threads."""

    parallel = True

    @pytest.fixture
    def store(self) -> SwitchStore:
        raise NotImplementedError

    def test_switches_are_kept_as_they_are(self, store: SwitchStore) -> None:
        slow = Switch("payment", Mode.SLOW, "capture", 3, UNTIL, 2.5)
        for one in (slow, switch(), switch("inventory")):
            store.put(one)
        assert list(store.switches()) == [switch("inventory"), switch(), slow]

    def test_a_switch_replaces_the_one_before(self, store: SwitchStore) -> None:
        store.put(switch(remaining=1))
        store.put(switch(remaining=9))
        assert list(store.switches()) == [switch(remaining=9)]

    def test_what_is_cleared_is_gone(self, store: SwitchStore) -> None:
        store.put(switch())
        store.clear("payment", ALL)
        store.clear("payment", ALL)
        assert list(store.switches()) == []

    def test_remaining_calls_are_used_up(self, store: SwitchStore) -> None:
        store.put(switch(remaining=2))
        assert [store.use(switch(remaining=2)) for _ in range(3)] == [True, True, False]
        assert [one.remaining for one in store.switches()] == [0]

    def test_without_a_number_a_switch_is_not_used_up(self, store: SwitchStore) -> None:
        store.put(switch())
        assert all(store.use(switch()) for _ in range(5))
        assert list(store.switches()) == [switch()]

    def test_many_callers_use_each_call_once(self, store: SwitchStore) -> None:
        store.put(switch(remaining=5))
        with ThreadPoolExecutor(CALLERS if self.parallel else 1) as pool:
            assert sum(pool.map(lambda _: store.use(switch(remaining=5)), range(4 * CALLERS))) == 5

    def test_calls_are_counted_by_the_second(self, store: SwitchStore) -> None:
        for seconds in (0.1, 0.9, 1.0, 61.5):
            store.count_call("payment", NOW + timedelta(seconds=seconds))
        assert store.calls("payment") == {NOW: 2, NOW + timedelta(seconds=1): 1, NOW + timedelta(seconds=61): 1}
        assert store.calls("inventory") == {}
