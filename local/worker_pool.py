"""A bound on Lambda worker processes, with a queue in front of it.

MiniStack starts a process for every concurrent invocation and keeps it: 100 executions of four steps at once
are 400 Python processes. Here at most `size` processes live. A call that finds none free waits for one, as long
as `wait_s`; only then is it throttled, as AWS would.

Who gets a process:
1. A call takes an idle worker of its own function.
2. Below `size`, it starts one.
3. Otherwise it replaces an idle worker of another function. Functions in demand are entitled to equal shares of
   `size`; a function takes from those that nobody waits for, or that hold more than their share. So a burst
   settles on a division of the processes instead of restarting them for every call.
4. Nothing released for `stall_s`: every worker may be waiting for a call that waits here (a function that calls
   a function). One more is started, up to `burst`, so that no such ring can lock the system.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

HEAD_CHECK_S = 0.1


class Worker(Protocol):
    """What the pool needs to know of a worker."""

    in_use: bool
    last_used: float


class WorkerPool:
    """Decides over the entries of `workers`, a mapping of function version to its workers, guarded by `lock`."""

    def __init__(
        self,
        workers: dict[str, list[Any]],
        lock: threading.Lock,
        *,
        size: int,
        burst: int | None = None,
        stall_s: float = 1.0,
        wait_s: float = 60.0,
    ) -> None:
        self._workers = workers
        self._lock = lock
        self.size = size
        self.burst = burst or 2 * size
        self._stall_s = stall_s
        self._wait_s = wait_s
        self._queues: dict[str, deque[threading.Condition]] = {}
        self._last_release = time.monotonic()

    def lease(self, key: str, make: Callable[[], Any]) -> tuple[Any | None, Any | None]:
        """A worker marked as in use, and the idle worker to end for it, if any. (None, None): waited in vain."""
        turn = threading.Condition(self._lock)
        arrived = time.monotonic()
        with self._lock:
            queue = self._queues.setdefault(key, deque())
            queue.append(turn)
            try:
                while True:
                    waited = time.monotonic() - arrived
                    if queue[0] is turn and (found := self._find(key, make, waited)):
                        return found
                    if waited >= self._wait_s:
                        return None, None
                    turn.wait(HEAD_CHECK_S if queue[0] is turn else self._wait_s)
            finally:
                queue.remove(turn)
                if queue:
                    queue[0].notify()
                else:
                    self._queues.pop(key, None)

    def release(self, worker: Worker) -> None:
        """Return a worker; the heads of the queues look whether it is for them."""
        with self._lock:
            worker.in_use = False
            worker.last_used = time.time()
            self._last_release = time.monotonic()
            for queue in self._queues.values():
                queue[0].notify()

    def _find(self, key: str, make: Callable[[], Any], waited: float) -> tuple[Any, Any | None] | None:
        own = self._workers.setdefault(key, [])
        share = self._share()
        idle = [worker for worker in own if not worker.in_use]
        if idle and not (len(own) > share and self._somebody_is_short(key, share)):
            worker = max(idle, key=lambda candidate: candidate.last_used)
            return self._take(worker), None
        total = sum(map(len, self._workers.values()))
        if total < self.size:
            return self._take(make(), own), None
        victim_key = self._victim(key, share, waited)
        if victim_key is not None:
            entries = self._workers[victim_key]
            victim = min((w for w in entries if not w.in_use), key=lambda candidate: candidate.last_used)
            entries.remove(victim)
            if not entries:
                del self._workers[victim_key]
            return self._take(make(), own), victim
        if total < self.burst and time.monotonic() - self._last_release > self._stall_s < waited:
            return self._take(make(), own), None
        return None

    def _share(self) -> int:
        busy = {key for key, entries in self._workers.items() if any(w.in_use for w in entries)}
        return max(1, self.size // len(busy | self._queues.keys()))

    def _somebody_is_short(self, key: str, share: int) -> bool:
        return any(len(self._workers.get(k, ())) < share for k in self._queues if k != key)

    def _victim(self, key: str, share: int, waited: float) -> str | None:
        """The function to lose an idle worker: unwanted ones first, longest unused first."""
        short = len(self._workers[key]) < share
        wanted: list[tuple[bool, float, str]] = []
        for other, idle in self._idle(key):
            in_demand = other in self._queues
            unused = not in_demand and len(idle) == len(self._workers[other])
            surplus = len(self._workers[other]) > share
            if unused or (short and (surplus or not in_demand)) or waited > self._stall_s:
                wanted.append((in_demand, min(w.last_used for w in idle), other))
        return min(wanted)[2] if wanted else None

    def _idle(self, key: str) -> Iterator[tuple[str, list[Any]]]:
        for other, entries in self._workers.items():
            if other != key and (idle := [worker for worker in entries if not worker.in_use]):
                yield other, idle

    @staticmethod
    def _take(worker: Any, entries: list[Any] | None = None) -> Any:
        worker.in_use = True
        worker.last_used = time.time()
        if entries is not None:
            entries.append(worker)
        return worker

    def counts(self) -> Mapping[str, int]:
        """Workers by function version, for a look from outside."""
        with self._lock:
            return {key: len(entries) for key, entries in self._workers.items()}
