"""The event bus: EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.domain.events import RecordedEvent

PUT_EVENTS_BATCH = 10
"""Entries in one PutEvents call, the limit of EventBridge."""


@dataclass(frozen=True, slots=True)
class EventBridgeBus:
    """ports.EventBus. The detail names the order and what happened; it holds no personal data and no amounts."""

    client: Any
    bus_name: str

    def publish(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, ...]:
        refused: list[RecordedEvent] = []
        for start in range(0, len(events), PUT_EVENTS_BATCH):
            batch = events[start : start + PUT_EVENTS_BATCH]
            with aws_errors_translated("eventbridge"):
                answer = self.client.put_events(Entries=[self._entry(recorded) for recorded in batch])
            if answer["FailedEntryCount"]:
                answers = zip(batch, answer["Entries"], strict=True)
                refused += [recorded for recorded, entry in answers if "ErrorCode" in entry]
        return tuple(refused)

    def tell(self, kind: str, detail: Mapping[str, str]) -> None:
        """Something about the system itself, such as a circuit that has opened."""
        entry = {
            "EventBusName": self.bus_name,
            "Source": "orderbridge",
            "DetailType": kind,
            "Detail": json.dumps(detail),
        }
        with aws_errors_translated("eventbridge"):
            self.client.put_events(Entries=[entry])

    def _entry(self, recorded: RecordedEvent) -> dict[str, Any]:
        detail = {
            "order_id": recorded.order_id,
            "sequence": recorded.sequence,
            "source": recorded.source,
            "correlation_id": recorded.correlation_id,
            "recorded_at": recorded.recorded_at.isoformat(),
        }
        return {
            "EventBusName": self.bus_name,
            "Source": "orderbridge",
            "DetailType": recorded.type,
            "Time": recorded.recorded_at,
            "Detail": json.dumps(detail),
        }
