"""The state of circuit breakers, shared by all processes: one record per circuit, changed by conditional writes.

    CLOSED ──threshold reached──► OPEN ──interval over, one caller wins──► HALF_OPEN
       ▲                            ▲                                          │
       │                            └───────── the probe fails: longer ────────┤
       └────────────────────────────────────── the probe is answered ──────────┘

Every change raises `version` and requires the version that was read: so exactly one caller opens, probes or closes,
and a process that slept through everything changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """See the module's drawing."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit as of `version`. Times are UTC; those of a circuit that was never open are None.

    `retry_at`: OPEN, when somebody may probe; HALF_OPEN, when the probe counts as lost and another may be made.
    `interval_s`: how long it stays open this time. `since`: when it opened first. `token`: who wrote this version.
    """

    name: str
    state: State = State.CLOSED
    version: int = 0
    interval_s: float = 0.0
    retry_at: datetime | None = None
    since: datetime | None = None
    token: str = ""

    def blocks(self, now: datetime) -> bool:
        """Nobody may call now. False also when the next call would be the probe: somebody has to make it."""
        return self.retry_at is not None and now < self.retry_at

    def opened(self, now: datetime, interval_s: float, token: str) -> Circuit:
        return self._next(State.OPEN, token, interval_s, now + timedelta(seconds=interval_s), self.since or now)

    def probing(self, now: datetime, patience_s: float, token: str) -> Circuit:
        return self._next(State.HALF_OPEN, token, self.interval_s, now + timedelta(seconds=patience_s), self.since)

    def closed(self, token: str) -> Circuit:
        return self._next(State.CLOSED, token, 0.0, None, None)

    def _next(
        self, state: State, token: str, interval_s: float, retry_at: datetime | None, since: datetime | None
    ) -> Circuit:
        return replace(
            self,
            state=state,
            version=self.version + 1,
            interval_s=interval_s,
            retry_at=retry_at,
            since=since,
            token=token,
        )


class CircuitStore(Protocol):
    """Strongly consistent. Raises DependencyUnavailable, DependencyTimeout, Contention, Misconfigured."""

    def load(self, name: str) -> Circuit:
        """As it stands; CLOSED in version 0 if it never changed."""
        ...

    def changed(self) -> Sequence[Circuit]:
        """Those that have changed at least once, by name."""
        ...

    def count_failure(self, name: str, now: datetime, window_s: float) -> int:
        """Count one more; how many there were since the window began.

        A window begins with the first failure after the one before has passed, or after a change of state.
        """
        ...

    def change(self, before: Circuit, after: Circuit) -> bool:
        """Replace `before` by `after`; False if somebody else changed it first. A repeat of the same is recognised."""
        ...
