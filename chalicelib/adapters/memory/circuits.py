"""The fake of the store of circuits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import RLock

from chalicelib.adapters.resilience.circuits import Circuit


class MemoryCircuitStore:
    """CircuitStore for tests and for a process that is alone, such as a poller on premises."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._circuits: dict[str, Circuit] = {}
        self._windows: dict[str, tuple[datetime, int]] = {}

    def load(self, name: str) -> Circuit:
        with self._lock:
            return self._circuits.get(name) or Circuit(name)

    def changed(self) -> Sequence[Circuit]:
        with self._lock:
            return [circuit for _, circuit in sorted(self._circuits.items())]

    def count_failure(self, name: str, now: datetime, window_s: float) -> int:
        with self._lock:
            end, failures = self._windows.get(name, (now, 0))
            self._windows[name] = (end, failures + 1) if now < end else (now + timedelta(seconds=window_s), 1)
            return self._windows[name][1]

    def change(self, before: Circuit, after: Circuit) -> bool:
        with self._lock:
            stored = self.load(before.name)
            if stored.version == before.version:
                self._circuits[before.name] = after
                self._windows.pop(before.name, None)
                return True
            return stored == after
