"""The event store in memory: for tests and simulations, with the behaviour of the DynamoDB one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import RLock

from chalicelib.adapters.dynamodb.events.codec import to_item
from chalicelib.domain.errors import VersionConflict
from chalicelib.domain.events import RecordedEvent
from chalicelib.ports import Append


class MemoryEventStore:
    """`lock` is shared with the inventory, whose changes are stored together with their events."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._streams: dict[str, list[RecordedEvent]] = {}

    def append(self, append: Append) -> RecordedEvent:
        with self.lock:
            stored = self.stored(append)
            if stored is not None:
                return stored
            recorded = append.as_recorded()
            to_item(recorded)  # raises EventTooLarge where DynamoDB would
            self._streams.setdefault(append.order_id, []).append(recorded)
            return recorded

    def stored(self, append: Append) -> RecordedEvent | None:
        """What this very append stored before; None if its place is free. Raises VersionConflict."""
        stream = self._streams.get(append.order_id, [])
        if append.expected_version == len(stream):
            return None
        if append.expected_version < len(stream) and stream[append.expected_version].token == append.token:
            return stream[append.expected_version]
        raise VersionConflict(append.order_id, append.expected_version)

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        with self.lock:
            return tuple(self._streams.get(order_id, ()))

    def order_ids(self) -> Iterator[str]:
        with self.lock:
            known = tuple(self._streams)
        yield from known
