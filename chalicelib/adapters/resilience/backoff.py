"""Short waits between tries of one call, before the workflow's own, longer retries take over."""

from __future__ import annotations

from chalicelib.domain.errors import Contention
from chalicelib.ports import Clock, Ids

MAX_WAITS = 12
FIRST_DELAY_S = 0.025
MAX_DELAY_S = 1.0
"""All waits together last 4 s on average and 7.6 s at most: shorter than any step's timeout."""


class Backoff:
    """Exponential with full jitter: a random time up to 25 ms, 50 ms, 100 ms ... 1 s. `spent` counts the waits."""

    def __init__(self, clock: Clock, ids: Ids, what: str) -> None:
        """`what` is contended, as the error says it."""
        self._clock = clock
        self._ids = ids
        self._what = what
        self.spent = 0

    def wait(self) -> None:
        """Raises Contention when no wait is left."""
        if self.spent == MAX_WAITS:
            raise Contention(f"{self._what}: still contended after {MAX_WAITS} tries")
        longest_s = min(MAX_DELAY_S, FIRST_DELAY_S * 2**self.spent)
        self.spent += 1
        self._clock.sleep(longest_s * self._ids.fraction())
