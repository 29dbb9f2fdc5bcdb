"""Telling operators and subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.events import RecordedEvent


class Alerts(Protocol):
    """Tells the operators. Raises DependencyUnavailable."""

    def publish(self, subject: str, text: str) -> None:
        """`subject` at most 100 printable ASCII characters (the limit of SNS)."""
        ...


class EventBus(Protocol):
    """Publishes events to whoever subscribes outside of Orderbridge, at least once."""

    def publish(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, ...]:
        """Returns those that were not taken and must be published again. Raises DependencyUnavailable."""
        ...
