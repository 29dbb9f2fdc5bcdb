"""The outbox in memory."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

from chalicelib.acknowledgements.outbox import OutboxEntry

_Key = tuple[str, str, int]


class MemoryOutbox:
    """Waiting and parked entries by source and key."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._waiting: dict[str, dict[_Key, OutboxEntry]] = {}
        self._parked: dict[str, dict[_Key, tuple[OutboxEntry, str]]] = {}

    def put(self, entry: OutboxEntry) -> None:
        with self._lock:
            self._waiting.setdefault(entry.source, {})[_key(entry)] = entry

    def pending(self, source: str, limit: int) -> Sequence[OutboxEntry]:
        assert limit > 0
        with self._lock:
            waiting = self._waiting.get(source, {})
            return tuple(waiting[key] for key in sorted(waiting)[:limit])

    def done(self, entry: OutboxEntry) -> None:
        with self._lock:
            self._waiting.get(entry.source, {}).pop(_key(entry), None)

    def park(self, entry: OutboxEntry, problem: str) -> None:
        with self._lock:
            self._parked.setdefault(entry.source, {})[_key(entry)] = (entry, problem)
            self.done(entry)

    def parked(self, source: str, limit: int) -> Sequence[tuple[OutboxEntry, str]]:
        assert limit > 0
        with self._lock:
            parked = self._parked.get(source, {})
            return tuple(parked[key] for key in sorted(parked)[:limit])

    def unpark(self, entry: OutboxEntry) -> None:
        with self._lock:
            if self._parked.get(entry.source, {}).pop(_key(entry), None) is not None:
                self.put(entry)


def _key(entry: OutboxEntry) -> _Key:
    return entry.occurred_at.isoformat(timespec="microseconds"), entry.order_id, entry.version
