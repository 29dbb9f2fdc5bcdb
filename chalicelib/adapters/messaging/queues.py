"""Queues, alerts and the event bus: SQS, SNS and EventBridge."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import translated
from chalicelib.domain.events import RecordedEvent

PUT_EVENTS_BATCH = 10
"""Entries in one PutEvents call, the limit of EventBridge."""


MAX_PARKED_CHARACTERS = 100_000
"""Of an unreadable message, so that with its reason it fits into one (256 KiB, in the worst case 2 bytes each)."""


def send_json(client: Any, queue_url: str, message: Mapping[str, object], delay_s: int = 0) -> None:
    """One message. Raises DependencyUnavailable."""
    with translated("sqs"):
        client.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay_s)


def hide(client: Any, queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Do not deliver a received message again before `seconds` have passed. Raises DependencyUnavailable."""
    with translated("sqs"):
        client.change_message_visibility(QueueUrl=queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds)


@dataclass(frozen=True, slots=True)
class SqsDeadLetterQueue:
    """ports.DeadLetterQueue."""

    client: Any
    queue_url: str
    parking_url: str

    def send(self, message: Mapping[str, object], delay_s: int = 0) -> None:
        send_json(self.client, self.queue_url, message, delay_s)

    def park(self, body: str, reason: str) -> None:
        send_json(self.client, self.parking_url, {"reason": reason, "body": body[:MAX_PARKED_CHARACTERS]})


@dataclass(frozen=True, slots=True)
class SnsAlerts:
    """ports.Alerts."""

    client: Any
    topic_arn: str

    def publish(self, subject: str, text: str) -> None:
        with translated("sns"):
            self.client.publish(TopicArn=self.topic_arn, Subject=subject, Message=text)


@dataclass(frozen=True, slots=True)
class EventBridgeBus:
    """ports.EventBus. The detail names the order and what happened; it holds no personal data and no amounts."""

    client: Any
    bus_name: str

    def publish(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, ...]:
        refused: list[RecordedEvent] = []
        for start in range(0, len(events), PUT_EVENTS_BATCH):
            batch = events[start : start + PUT_EVENTS_BATCH]
            with translated("eventbridge"):
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
        with translated("eventbridge"):
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
