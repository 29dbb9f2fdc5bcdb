"""Poller state in memory: for tests, and for dry runs that must leave nothing behind. Safe between threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from poller.errors import LeaseLost
from poller.state.ports import Changed, Chunk, ChunkIndex, Lease, Quarantined, Watermark


class MemoryWatermarks:
    """state.Watermarks, and the fence that MemorySnapshots asks."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._leases: dict[str, Lease] = {}
        self._watermarks: dict[str, Watermark] = {}
        self._history: dict[str, list[Watermark]] = {}

    def acquire(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease | None:
        with self._lock:
            current = self._leases.get(source)
            if current is not None and current.expires_at > now and current.holder != holder:
                return None
            return self.take_over(source, holder, now, length)

    def take_over(self, source: str, holder: str, now: datetime, length: timedelta) -> Lease:
        with self._lock:
            fence = self._leases[source].fence + 1 if source in self._leases else 1
            self._leases[source] = Lease(source, holder, fence, now + length)
            return self._leases[source]

    def renew(self, lease: Lease, now: datetime, length: timedelta) -> Lease:
        with self._lock:
            self.check(lease)
            self._leases[lease.source] = replace(lease, expires_at=now + length)
            return self._leases[lease.source]

    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._leases[lease.source].fence == lease.fence:
                self._leases[lease.source] = replace(
                    lease, holder="", expires_at=datetime.min.replace(tzinfo=lease.expires_at.tzinfo)
                )

    def load(self, source: str) -> Watermark:
        return self._watermarks.get(source, Watermark())

    def save(self, lease: Lease, watermark: Watermark, now: datetime, history: bool = False) -> None:
        with self._lock:
            self.check(lease)
            saved = replace(watermark, saved_at=now)
            self._watermarks[lease.source] = saved
            if history:
                self._history.setdefault(lease.source, []).append(saved)

    def history(self, source: str, limit: int) -> Sequence[Watermark]:
        return self._history.get(source, [])[::-1][:limit]

    def check(self, lease: Lease) -> None:
        """Raises LeaseLost unless this is the newest lease of its source."""
        with self._lock:
            current = self._leases.get(lease.source)
            if current is None or (current.fence, current.holder) != (lease.fence, lease.holder):
                raise LeaseLost(lease.source)


class MemoryFindings:
    """state.Findings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._quarantine: dict[tuple[str, str], Quarantined] = {}
        self._changes: dict[tuple[str, str], Changed] = {}

    def quarantine(self, entry: Quarantined) -> None:
        with self._lock:
            before = self._quarantine.get((entry.source, entry.key), entry)
            self._quarantine[entry.source, entry.key] = replace(entry, first_seen=before.first_seen)

    def release(self, source: str, key: str) -> None:
        with self._lock:
            self._quarantine.pop((source, key), None)

    def quarantined(self, source: str, limit: int, after: str = "") -> Sequence[Quarantined]:
        found = sorted(key for owner, key in self._quarantine if owner == source and key > after)
        return [self._quarantine[source, key] for key in found[:limit]]

    def record_change(self, change: Changed) -> None:
        with self._lock:
            before = self._changes.get((change.source, change.key), change)
            self._changes[change.source, change.key] = replace(change, first_seen=before.first_seen)

    def changes(self, source: str, limit: int, after: str = "") -> Sequence[Changed]:
        found = sorted(key for owner, key in self._changes if owner == source and key > after)
        return [self._changes[source, key] for key in found[:limit]]


class MemorySnapshots:
    """state.Snapshots."""

    def __init__(self, watermarks: MemoryWatermarks) -> None:
        self._watermarks = watermarks
        self._indexes: dict[str, ChunkIndex] = {}
        self._chunks: dict[tuple[str, int], Chunk] = {}

    def index(self, name: str) -> ChunkIndex:
        return self._indexes.get(name, ChunkIndex())

    def save_index(self, lease: Lease, name: str, index: ChunkIndex) -> None:
        self._watermarks.check(lease)
        self._indexes[name] = index

    def chunk(self, name: str, number: int) -> Chunk:
        return self._chunks.get((name, number), Chunk({}))

    def save_chunk(self, lease: Lease, name: str, number: int, chunk: Chunk) -> None:
        self._watermarks.check(lease)
        self._chunks[name, number] = Chunk(dict(chunk.hashes))

    def clear(self, lease: Lease, name: str) -> None:
        self._watermarks.check(lease)
        self._indexes.pop(name, None)
        for key in [key for key in self._chunks if key[0] == name]:
            del self._chunks[key]
