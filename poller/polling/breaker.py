"""A circuit breaker for an ERP: after repeated failures it is left alone for a while, then tried with one poll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES_TO_OPEN = 3
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(slots=True)
class Breaker:
    """Of one source, in the memory of one process."""

    failures: int = 0
    open_until: datetime | None = None

    def allows(self, now: datetime) -> bool:
        return self.open_until is None or now >= self.open_until

    def success(self) -> None:
        self.failures = 0
        self.open_until = None

    def failure(self, now: datetime) -> None:
        """The pause doubles with every failed trial."""
        self.failures += 1
        if self.failures >= FAILURES_TO_OPEN:
            doublings = min(self.failures - FAILURES_TO_OPEN, 10)
            self.open_until = now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
