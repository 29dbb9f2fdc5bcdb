"""Time and chance, injected so that simulated time and seeded runs are possible."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, injected so that simulated time is possible."""

    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


class Bookmark(Protocol):
    """Where a periodic walk goes on next time: a text, empty at the start. Raises DependencyUnavailable."""

    def load(self) -> str: ...

    def save(self, position: str) -> None: ...


class Ids(Protocol):
    """Unique tokens and jitter, injected so that seeded runs repeat."""

    def token(self) -> str: ...

    def fraction(self) -> float:
        """Uniform in [0, 1)."""
        ...
