"""Idempotency keys in memory."""

from __future__ import annotations

from datetime import datetime
from threading import RLock

from chalicelib.ports.idempotency import KeyRecord


class MemoryIdempotencyKeys:
    """ports.IdempotencyKeys."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.records: dict[str, KeyRecord] = {}

    def claim(self, key: str, record: KeyRecord, now: datetime) -> KeyRecord | None:
        with self._lock:
            known = self.records.get(key)
            if known is not None and known.expires_at > now and known.holder != record.holder:
                is_dead = known.answer is None and known.locked_until <= now
                if not is_dead or known.fingerprint != record.fingerprint:
                    return known
            self.records[key] = record
            return None

    def complete(self, key: str, record: KeyRecord) -> None:
        with self._lock:
            if self._is_held(key, record.holder):
                self.records[key] = record

    def release(self, key: str, holder: str) -> None:
        with self._lock:
            if self._is_held(key, holder):
                del self.records[key]

    def _is_held(self, key: str, holder: str) -> bool:
        known = self.records.get(key)
        return known is not None and known.holder == holder
