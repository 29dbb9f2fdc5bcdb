"""A bound on Lambda worker processes, with a queue in front of it.

MiniStack starts a process for every concurrent invocation and keeps it: 100 executions of four steps at once
are 400 Python processes. Here at most `size` processes live. A call that finds none free waits for one, as long
as `wait_s`; only then is it throttled, as AWS would.

Who gets a process:
1. A call takes an idle worker of its own function.
2. Below `size` it starts one; at once when the function has none, else after `GROW_AFTER_S` in the queue and while
   no other process is starting: a start costs more than most calls last, and many at once last for ever.
3. At `size` it replaces an idle worker of another function: at once when its own has none, else after
   `REPLACE_AFTER_S`, only up to an equal share among the functions in demand, and never the last worker of a
   function in use. A burst so settles on a division of the processes instead of restarting them for every call.
4. When nothing moves for `stall_s`, every worker may be waiting for a call that waits here (a function that
   calls a function). One more is started, up to `burst`, so that no such ring can lock the system.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

GROW_AFTER_S = 0.3
REPLACE_AFTER_S = 1.0
STARVED_AFTER_S = 3.0
OUT_OF_USE_AFTER_S = 15.0
START_LIMIT_S = 10.0  # AWS's limit for the initialisation of a function
HEAD_CHECK_S = 0.05


@dataclass(eq=False)
class _Turn:
    """One waiting call."""

    called: threading.Condition
    arrived: float = field(default_factory=time.monotonic)

    def waited(self) -> float:
        return time.monotonic() - self.arrived


class WorkerPool:
    """Decides over the entries of `workers`, a mapping of function version to its workers, guarded by `lock`.

    A worker is anything with `in_use: bool` and `last_used: float`.
    """

    def __init__(
        self,
        workers: dict[str, list[Any]],
        lock: threading.Lock,
        *,
        size: int,
        burst: int | None = None,
        stall_s: float = 3.0,
        wait_s: float = 60.0,
    ) -> None:
        self._workers = workers
        self._lock = lock
        self.size = size
        self.burst = burst or size + max(1, size // 4)
        self._stall_s = stall_s
        self._wait_s = wait_s
        self._queues: dict[str, deque[_Turn]] = {}
        self._starting: dict[int, float] = {}
        self._moved = time.monotonic()

    def lease(self, key: str, make: Callable[[], Any]) -> tuple[Any | None, Any | None]:
        """A worker marked as in use, and the idle worker to end for it, if any. (None, None): waited in vain."""
        with self._lock:
            turn = _Turn(threading.Condition(self._lock))
            queue = self._queues.setdefault(key, deque())
            queue.append(turn)
            try:
                while turn.waited() < self._wait_s:
                    if queue[0] is turn and (found := self._find(key, make, turn.waited())):
                        return found
                    turn.called.wait(HEAD_CHECK_S if queue[0] is turn else self._wait_s)
                return None, None
            finally:
                queue.remove(turn)
                if queue:
                    queue[0].called.notify()
                else:
                    self._queues.pop(key, None)

    def release(self, worker: Any) -> Any | None:
        """Take a worker back and call the heads of the queues. Returns it if it is to be ended: one too many."""
        with self._lock:
            worker.in_use = False
            worker.last_used = time.time()
            self._starting.pop(id(worker), None)
            self._moved = time.monotonic()
            for queue in self._queues.values():
                queue[0].called.notify()
            if self._total() <= self.size:
                return None
            for key, entries in self._workers.items():
                if worker in entries:
                    self._remove(key, worker)
                    return worker
            return None

    def started(self, worker: Any) -> None:
        """Note that a worker's process has come up."""
        with self._lock:
            self._starting.pop(id(worker), None)
            self._moved = time.monotonic()

    def counts(self) -> Mapping[str, int]:
        """Workers by function version, for a look from outside."""
        with self._lock:
            return {key: len(entries) for key, entries in self._workers.items()}

    def _find(self, key: str, make: Callable[[], Any], waited: float) -> tuple[Any, Any | None] | None:
        own = self._workers.setdefault(key, [])
        share = self._share()
        idle = [worker for worker in own if not worker.in_use]
        if idle and not (len(own) > share and self._somebody_is_short(key, share)):
            return self._take(max(idle, key=_last_used)), None
        if own and (waited < GROW_AFTER_S or self._is_starting()):
            return None
        total = self._total()
        if total < self.size:
            return self._take(make(), own), None
        victim_key = self._victim_of(key, share, waited)
        if victim_key is not None:
            victim = min((w for w in self._workers[victim_key] if not w.in_use), key=_last_used)
            self._remove(victim_key, victim)
            return self._take(make(), own), victim
        if total < self.burst and time.monotonic() - self._moved > self._stall_s:
            return self._take(make(), own), None
        return None

    def _victim_of(self, key: str, share: int, waited: float) -> str | None:
        """The function to lose an idle worker: one that keeps others before one that loses its last."""
        own = len(self._workers[key])
        if own and (waited < REPLACE_AFTER_S or own >= share):
            return None
        found: list[tuple[bool, bool, float, str]] = []
        for other, entries in self._workers.items():
            idle = [worker for worker in entries if not worker.in_use]
            if other == key or not idle:
                continue
            wanted = other in self._queues
            last_used = max(map(_last_used, entries))
            is_last = len(entries) == 1 and time.time() - last_used < OUT_OF_USE_AFTER_S
            if own and is_last:
                continue
            if not wanted or len(entries) > share or waited > STARVED_AFTER_S:
                found.append((is_last, wanted, last_used, other))
        return min(found)[3] if found else None

    def _share(self) -> int:
        busy = {key for key, entries in self._workers.items() if any(w.in_use for w in entries)}
        return max(1, self.size // len(busy | self._queues.keys()))

    def _somebody_is_short(self, key: str, share: int) -> bool:
        """Whether another function's call may by now replace an idle worker of `key`, which must be left to it."""
        for other, queue in self._queues.items():
            own = len(self._workers.get(other, ()))
            if other != key and (not own or (own < share and queue[0].waited() >= REPLACE_AFTER_S)):
                return True
        return False

    def _is_starting(self) -> bool:
        return any(time.monotonic() - since < START_LIMIT_S for since in self._starting.values())

    def _total(self) -> int:
        return sum(map(len, self._workers.values()))

    def _remove(self, key: str, worker: Any) -> None:
        self._workers[key].remove(worker)
        if not self._workers[key]:
            del self._workers[key]

    def _take(self, worker: Any, entries: list[Any] | None = None) -> Any:
        worker.in_use = True
        worker.last_used = time.time()
        self._moved = time.monotonic()
        if entries is not None:
            entries.append(worker)
            self._starting[id(worker)] = time.monotonic()
        return worker


def _last_used(worker: Any) -> float:
    return float(worker.last_used)
