"""Dead letters: the queue, and the orders in triage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.failures import FailedOrder


class DeadLetterQueue(Protocol):
    """The queue of the dead-letter consumer, and the parking queue beside it. Raises DependencyUnavailable."""

    def send(self, message: Mapping[str, object], delay_s: int = 0) -> None:
        """`message` is JSON-able; it is delivered after `delay_s` seconds, at most 900."""
        ...

    def park(self, body: str, reason: str) -> None:
        """Put away a message that nobody can handle, with the reason."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A failed order in triage. `redrive_at`: it is redriven by itself then; None: it waits for an operator.

    `announced_at`: not in triage yet; the sweeper has told the queue then, lest it tell it again a minute later.
    """

    failed: FailedOrder
    redrive_at: datetime | None = None
    announced_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When something was to happen by itself; None if only an operator acts."""
        return self.announced_at or self.redrive_at


@dataclass(frozen=True, slots=True)
class DeadLetterGroup:
    """The open dead letters of one fingerprint; `count` stops at DEAD_LETTER_COUNT_LIMIT."""

    fingerprint: str
    step: str
    error: str
    message: str
    first_failed_at: datetime
    last_failed_at: datetime
    count: int


DEAD_LETTER_COUNT_LIMIT = 10_000


class DeadLetters(Protocol):
    """The open dead letters, at most one per order. Raises DependencyUnavailable."""

    def record(self, letter: DeadLetter) -> None:
        """Open the letter, or replace the order's letter of the same fingerprint."""
        ...

    def get(self, fingerprint: str, order_id: str) -> DeadLetter | None: ...

    def close(self, failed: FailedOrder) -> None:
        """Forget the letter of that attempt; the order's events keep what became of it. Harmless when repeated.

        A letter of a later attempt, opened meanwhile, stays.
        """
        ...

    def groups(self) -> Sequence[DeadLetterGroup]:
        """Groups with at least one open letter, those that failed last first."""
        ...

    def in_group(self, fingerprint: str, limit: int, after: str = "") -> Sequence[DeadLetter]:
        """Up to `limit` letters in the order of their order ids, those after the order id `after`."""
        ...
