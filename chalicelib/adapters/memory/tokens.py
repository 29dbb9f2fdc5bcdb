"""Token records in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from threading import RLock

from chalicelib.auth.tokens import TokenRecord


class MemoryTokens:
    """api.tokens.TokenStore."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._records: dict[str, TokenRecord] = {}

    def create(self, record: TokenRecord) -> bool:
        with self._lock:
            return self._records.setdefault(record.token_id, record) is record

    def get(self, token_id: str) -> TokenRecord | None:
        with self._lock:
            return self._records.get(token_id)

    def revoke(self, token_id: str, at: datetime) -> TokenRecord | None:
        with self._lock:
            record = self._records.get(token_id)
            if record is not None and record.revoked_at is None:
                record = self._records[token_id] = replace(record, revoked_at=at)
            return record

    def expire_by(self, token_id: str, at: datetime) -> TokenRecord | None:
        with self._lock:
            record = self._records.get(token_id)
            if record is not None and at < record.expires_at:
                record = self._records[token_id] = replace(record, expires_at=at)
            return record

    def all(self) -> Iterator[TokenRecord]:
        with self._lock:
            records = tuple(self._records.values())
        yield from records
