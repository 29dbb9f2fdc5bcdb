"""Who gets a worker process, who waits, and who loses one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from local.emulator.worker_pool import WorkerPool


@dataclass(eq=False)
class FakeWorker:
    in_use: bool = False
    last_used: float = field(default_factory=time.time)


class Fixture:
    """A pool whose starts and ends are counted."""

    def __init__(self, *, size: int, stall_s: float = 0.2, wait_s: float = 60.0) -> None:
        self.pool = WorkerPool({}, threading.Lock(), size=size, stall_s=stall_s, wait_s=wait_s)
        self.started = 0
        self.ended = 0

    def _make(self) -> FakeWorker:
        self.started += 1
        return FakeWorker()

    @contextmanager
    def leased(self, key: str) -> Iterator[FakeWorker]:
        worker, evicted = self.pool.lease(key, self._make)
        self.ended += evicted is not None
        assert worker is not None
        self.pool.started(worker)
        try:
            yield worker
        finally:
            self.ended += self.pool.release(worker) is not None

    def alive(self) -> int:
        return sum(self.pool.counts().values())


def test_a_released_worker_serves_the_next_call() -> None:
    fixture = Fixture(size=2)
    with fixture.leased("f") as first:
        pass
    with fixture.leased("f") as second:
        assert second is first


def test_calls_beyond_the_size_wait_their_turn() -> None:
    fixture = Fixture(size=3, stall_s=10)

    def call(_: int) -> int:
        with fixture.leased("f"):
            time.sleep(0.02)
            return fixture.alive()

    with ThreadPoolExecutor(20) as callers:
        assert max(callers.map(call, range(60))) <= 3


def test_an_idle_worker_of_another_function_makes_room() -> None:
    fixture = Fixture(size=2)
    for name in ("a", "b", "c"):
        with fixture.leased(name):
            pass
    assert fixture.pool.counts() == {"b": 1, "c": 1}
    assert fixture.ended == 1


def test_a_burst_over_several_functions_hardly_restarts_workers() -> None:
    fixture = Fixture(size=8, stall_s=10)

    def execution(_: int) -> None:
        for step in ("validate", "reserve", "capture", "confirm"):
            with fixture.leased(step):
                time.sleep(0.002)

    with ThreadPoolExecutor(50) as callers:
        list(callers.map(execution, range(200)))
    assert fixture.started <= 16
    assert fixture.alive() <= 8


def test_more_functions_than_processes_all_get_their_turn() -> None:
    fixture = Fixture(size=2, stall_s=10)

    def call(number: int) -> int:
        with fixture.leased(f"f{number % 10}"):
            time.sleep(0.005)
            return fixture.alive()

    with ThreadPoolExecutor(30) as callers:
        assert max(callers.map(call, range(90))) <= 2


def test_a_ring_of_waiting_calls_is_broken_and_the_excess_given_back() -> None:
    fixture = Fixture(size=2, stall_s=0.1)
    both_hold_one = threading.Barrier(2)

    def outer(_: int) -> None:
        with fixture.leased("outer"):
            both_hold_one.wait(timeout=60)
            with fixture.leased("inner"):
                pass

    with ThreadPoolExecutor(2) as callers:
        list(callers.map(outer, range(2)))
    assert fixture.started > 2
    assert fixture.alive() <= 2


def test_waiting_has_an_end() -> None:
    fixture = Fixture(size=1, stall_s=10, wait_s=0.2)
    with fixture.leased("f"):
        assert fixture.pool.lease("f", FakeWorker) == (None, None)
    with fixture.leased("f"):
        pass
