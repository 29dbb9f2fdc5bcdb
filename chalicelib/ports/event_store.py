"""The append-only store of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.events import Event, RecordedEvent


@dataclass(frozen=True, slots=True)
class Append:
    """One event to be appended after `expected_version`, with what is recorded beside it."""

    order_id: str
    expected_version: int
    event: Event
    recorded_at: datetime
    correlation_id: str
    source: str
    step: str
    token: str

    def as_recorded(self) -> RecordedEvent:
        return RecordedEvent(
            self.order_id,
            self.expected_version + 1,
            self.event,
            self.recorded_at,
            self.correlation_id,
            self.source,
            self.step,
            self.token,
        )


class EventStore(Protocol):
    """Append-only, one stream per order, optimistic concurrency."""

    def append(self, append: Append) -> RecordedEvent:
        """Store one event. A repeat with the same token is recognised as done and returns what is stored.

        Raises VersionConflict (another event has that number), EventTooLarge, DependencyUnavailable.
        """
        ...

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        """All events of the order, in sequence, strongly consistent; empty if there is no such order."""
        ...

    def order_ids(self) -> Iterator[str]:
        """Every order in the store, each once, in no order. For replay; reads the whole store."""
        ...
