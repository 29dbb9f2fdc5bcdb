"""The real clock and the real source of ids; everything else gets them injected."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime


class SystemClock:
    """UTC, as the machine knows it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemIds:
    """Tokens that no other process draws (36 characters); fractions for jitter. Both from the system's entropy.

    Not a generator seeded at import: copies of one Lambda snapshot would all draw the same numbers.
    """

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def token(self) -> str:
        return str(uuid.uuid4())

    def fraction(self) -> float:
        return self._random.random()
