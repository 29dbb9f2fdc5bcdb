"""Queues, the topic and the event bus, as CloudFormation resources. They carry notices; the truth is in the events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.deploy.config.functions import visibility_timeout_s
from chalicelib.settings import Settings

DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Queue:
    """`max_receives`: how often a message is delivered before it is moved to the parking queue; 0: never."""

    name: str
    retention_days: int
    max_receives: int = 0

    @property
    def logical_id(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("-")) + "Queue"


PARKING = Queue("parking", retention_days=14)
"""Messages that nobody could make anything of; an operator looks at them."""

DEAD_LETTERS = Queue("dead-letters", retention_days=14, max_receives=10)
ACKNOWLEDGEMENTS = Queue("acknowledgements", retention_days=4, max_receives=300)
"""An ERP may be down for three days (300 receives, the most at intervals of 15 minutes) before its messages are
parked."""

STREAM_FAILURES = Queue("stream-failures", retention_days=14)
"""What project_events gave up on; a notice names the shard and the sequence numbers."""

QUEUES = (PARKING, DEAD_LETTERS, ACKNOWLEDGEMENTS, STREAM_FAILURES)


def resources(settings: Settings) -> dict[str, Any]:
    return {
        **{queue.logical_id: _queue(queue, settings) for queue in QUEUES},
        # Not encrypted with a key of its own: CloudWatch may not use the key that AWS manages for SNS, and alarms
        # would get lost. What is published holds no personal data.
        "AlertsTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": settings.name("alerts")}},
        "EventBus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": settings.name("bus")}},
    }


def _queue(queue: Queue, settings: Settings) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "QueueName": settings.name(queue.name),
        "MessageRetentionPeriod": queue.retention_days * DAY_S,
        "VisibilityTimeout": visibility_timeout_s(queue.name),
        "SqsManagedSseEnabled": True,
    }
    if queue.max_receives:
        target = {"Fn::GetAtt": [PARKING.logical_id, "Arn"]}
        properties["RedrivePolicy"] = {"deadLetterTargetArn": target, "maxReceiveCount": queue.max_receives}
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": properties,
    }
