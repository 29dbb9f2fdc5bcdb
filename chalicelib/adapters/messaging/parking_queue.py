"""The parking queue as an operator works with it: look at its messages, send one on its way again, delete one.

A message is what a consumer has put there (`{"reason", "body"}`), or what SQS has moved there after too many attempts,
which has no reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated

HIDDEN_S = 30
"""Nobody else sees the messages that are being looked at for so long."""

MOST = 1000
EMPTY_ANSWERS = 3
"""A queue is looked at as empty after so many answers without a message: SQS asks only some of its servers."""

MOVED_BY_SQS = "given up after too many attempts; the log of its consumer says why"


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """`handle` identifies it to SQS until it is visible again."""

    message_id: str
    parked_at: datetime
    reason: str
    body: str
    handle: str


@dataclass(frozen=True, slots=True)
class SqsParking:
    """Raises DependencyUnavailable, Misconfigured. `queues`: name -> URL of the queues that messages may go back to."""

    client: Any
    url: str
    queues: Mapping[str, str]

    def messages(self) -> list[ParkedMessage]:
        """All of them, at most MOST, the oldest first; they are hidden for HIDDEN_S."""
        found: dict[str, ParkedMessage] = {}
        empty = 0
        while empty < EMPTY_ANSWERS and len(found) < MOST:
            with aws_errors_translated("sqs"):
                answer = self.client.receive_message(
                    QueueUrl=self.url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=HIDDEN_S,
                    WaitTimeSeconds=0,
                    AttributeNames=["SentTimestamp"],
                )
            received = answer.get("Messages", [])
            empty = 0 if received else empty + 1
            found.update((message["MessageId"], _parked(message)) for message in received)
        return sorted(found.values(), key=lambda message: message.parked_at)

    def show_again(self, message: ParkedMessage) -> None:
        with aws_errors_translated("sqs"):
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=message.handle, VisibilityTimeout=0)

    def send_back(self, message: ParkedMessage, queue: str) -> None:
        """Sent before it is deleted: twice rather than never, which consumers take."""
        with aws_errors_translated("sqs"):
            self.client.send_message(QueueUrl=self.queues[queue], MessageBody=message.body)
        self.delete(message)

    def delete(self, message: ParkedMessage) -> None:
        with aws_errors_translated("sqs"):
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message.handle)


def _parked(message: Mapping[str, Any]) -> ParkedMessage:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    try:
        wrapped = json.loads(message["Body"])
        reason, body = str(wrapped["reason"]), str(wrapped["body"])
    except (ValueError, KeyError, TypeError):
        reason, body = MOVED_BY_SQS, str(message["Body"])
    return ParkedMessage(message["MessageId"], sent, reason, body, message["ReceiptHandle"])
