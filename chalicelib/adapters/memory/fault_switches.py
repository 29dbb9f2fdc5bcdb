"""The fake of the store of failure switches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from threading import RLock

from chalicelib.adapters.fault_injection.switches import Switch


class MemorySwitchStore:
    """SwitchStore of one process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._switches: dict[tuple[str, str], Switch] = {}
        self._calls: dict[str, Counter[datetime]] = {}

    def put(self, switch: Switch) -> None:
        with self._lock:
            self._switches[switch.dependency, switch.operation] = switch

    def clear(self, dependency: str, operation: str) -> None:
        with self._lock:
            self._switches.pop((dependency, operation), None)

    def switches(self) -> Sequence[Switch]:
        with self._lock:
            return [switch for _, switch in sorted(self._switches.items())]

    def use(self, switch: Switch) -> bool:
        with self._lock:
            stored = self._switches.get((switch.dependency, switch.operation))
            if stored is None or stored.remaining == 0:
                return False
            if stored.remaining is not None:
                self.put(replace(stored, remaining=stored.remaining - 1))
            return True

    def count_call(self, dependency: str, now: datetime) -> None:
        with self._lock:
            self._calls.setdefault(dependency, Counter())[now.replace(microsecond=0)] += 1

    def calls(self, dependency: str) -> Mapping[datetime, int]:
        with self._lock:
            return dict(sorted(self._calls.get(dependency, Counter()).items()))
