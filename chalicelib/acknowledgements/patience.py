"""Patience with errors that only look permanent: a permission that takes a minute to arrive, a queue made anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.domain.errors import DependencyUnavailable, Misconfigured
from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.state import Order
from chalicelib.ports import Clock

PATIENCE = timedelta(minutes=10)
"""From the event on. Then it counts, and the stream goes on; the reconciliation finds what was not told."""


def patient(listener: Callable[[RecordedEvent, Order], None], clock: Clock) -> Callable[[RecordedEvent, Order], None]:
    """The listener of the event stream, whose Misconfigured is a passing failure for the first minutes of an event."""

    def listen(recorded: RecordedEvent, order: Order) -> None:
        try:
            listener(recorded, order)
        except Misconfigured as error:
            if clock.now() - recorded.recorded_at >= PATIENCE:
                raise
            raise DependencyUnavailable("a listener of the stream", str(error)) from error

    return listen
