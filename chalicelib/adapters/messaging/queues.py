"""Queues: SQS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated

MAX_PARKED_CHARACTERS = 100_000
"""Of an unreadable message, so that with its reason it fits into one (256 KiB, in the worst case 2 bytes each)."""


def send_json(client: Any, queue_url: str, message: Mapping[str, object], delay_s: int = 0, fair_to: str = "") -> None:
    """One message. Raises DependencyUnavailable.

    `fair_to`: whose it is; SQS delivers those of others first while one has too many under way, or takes too long
    (Amazon SQS developer guide, "Fair queues"). It changes nothing else: the queues have no order.
    """
    group = {"MessageGroupId": fair_to} if fair_to else {}
    with aws_errors_translated("sqs"):
        client.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message), DelaySeconds=delay_s, **group)


def hide(client: Any, queue_url: str, receipt_handle: str, seconds: int) -> None:
    """Do not deliver a received message again before `seconds` have passed. Raises DependencyUnavailable."""
    with aws_errors_translated("sqs"):
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
