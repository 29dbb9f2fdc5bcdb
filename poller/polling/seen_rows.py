"""Rows of the overlap that were dealt with already: read again in every pass, recognised, and left alone.

Only a saving, in the memory of one process: accept() recognises a repeat as well, at the price of a write.
"""

from __future__ import annotations

from poller.database.keyset import Position

MAX_ROWS = 100_000
"""Per source, about 15 MB; beyond it rows are handed to accept() again."""


class RecentRows:
    """Two generations: what the last pass saw, and what this one has seen so far."""

    def __init__(self, most: int = MAX_ROWS) -> None:
        self._most = most
        self._before: dict[int, bytes] = {}
        self._now: dict[int, bytes] = {}

    def begin_pass(self) -> None:
        """What the last pass did not see again has left the overlap."""
        self._before, self._now = self._now, {}

    def knows(self, key: Position, row_hash: bytes) -> bool:
        """Whether exactly this row was dealt with."""
        number = hash(key)
        return self._now.get(number, self._before.get(number)) == row_hash

    def remember(self, key: Position, row_hash: bytes) -> None:
        if len(self._now) < self._most:
            self._now[hash(key)] = row_hash

    def __len__(self) -> int:
        return len(self._before.keys() | self._now.keys())
