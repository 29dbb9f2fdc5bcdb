"""Telling the operators: SNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated


@dataclass(frozen=True, slots=True)
class SnsAlerts:
    """ports.Alerts."""

    client: Any
    topic_arn: str

    def publish(self, subject: str, text: str) -> None:
        with aws_errors_translated("sns"):
            self.client.publish(TopicArn=self.topic_arn, Subject=subject, Message=text)
