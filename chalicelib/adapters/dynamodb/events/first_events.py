"""The first events of many orders at once: what was accepted, without loading what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.dynamodb.batch_get import batch_get
from chalicelib.adapters.dynamodb.events.codec import FIRST_EVENT, from_item, partition
from chalicelib.adapters.resilience.backoff import Backoff
from chalicelib.domain.events import RecordedEvent
from chalicelib.ports import Clock, EventStore, Ids


@dataclass(frozen=True, slots=True)
class DynamoDbFirstEvents:
    """Table `events`, a hundred orders a call, strongly consistent."""

    client: Any
    table: str
    clock: Clock
    ids: Ids

    def __call__(self, order_ids: Sequence[str]) -> Mapping[str, RecordedEvent]:
        """Order id -> OrderReceived, for the orders that exist. Raises DependencyUnavailable, CorruptHistory."""
        keys = [{"pk": {"S": partition(order_id)}, "sk": {"S": FIRST_EVENT}} for order_id in dict.fromkeys(order_ids)]
        backoff = Backoff(self.clock, self.ids, "the table of events")
        events = map(from_item, batch_get(self.client, self.table, keys, backoff))
        return {event.order_id: event for event in events}


@dataclass(frozen=True, slots=True)
class LoadedFirstEvents:
    """Of any event store, an order at a time: for the fake in memory."""

    events: EventStore

    def __call__(self, order_ids: Sequence[str]) -> Mapping[str, RecordedEvent]:
        loaded = {order_id: self.events.load(order_id) for order_id in order_ids}
        return {order_id: events[0] for order_id, events in loaded.items() if events}
