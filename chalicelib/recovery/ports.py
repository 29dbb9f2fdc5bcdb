"""What recovery alone needs from the outside."""

from __future__ import annotations

from typing import Protocol


class Bookmark(Protocol):
    """Where a periodic walk goes on next time: a text, empty at the start. Raises DependencyUnavailable."""

    def load(self) -> str: ...

    def save(self, position: str) -> None: ...
