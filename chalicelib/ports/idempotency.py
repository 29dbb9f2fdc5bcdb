"""Answers that are kept for a caller's `Idempotency-Key`, so that a repeat gets the first one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """Of the first call: its status, its own headers and its body as it was written."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is known of a key. `fingerprint` is of the request; without an `answer`, `holder` is at work on it, until
    `locked_until` at the latest: then it has died. Nobody knows the key any more from `expires_at` on."""

    fingerprint: str
    holder: str
    locked_until: datetime
    expires_at: datetime
    answer: KeptAnswer | None = None


class IdempotencyKeys(Protocol):
    """Raises DependencyUnavailable, DependencyTimeout."""

    def claim(self, key: str, record: KeyRecord, now: datetime) -> KeyRecord | None:
        """None if `record` stands under the key now: nobody has used it, or it has expired, or whoever was at work on
        the same request has died. Else the record that stands there."""
        ...

    def complete(self, key: str, record: KeyRecord) -> None:
        """Keep the answer, unless another holder has taken over."""
        ...

    def release(self, key: str, holder: str) -> None:
        """Forget the key, unless another holder has taken over."""
        ...
