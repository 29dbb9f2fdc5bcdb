"""From the stream of events to the queue: a message for everything that a source wants to be called about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.acknowledgements.notice import Notice
from chalicelib.acknowledgements.subscription import Subscriptions
from chalicelib.domain.events import OUTCOMES, OrderFailed, OrderReceived, OrderRevised, RecordedEvent
from chalicelib.domain.state import Order, Status


@dataclass(frozen=True, slots=True)
class AnnounceOutcome:
    """A listener of the event stream: a message for every outcome of a source that wants callbacks.

    A "no" that was true at that moment only is made good by the reconciliation.
    """

    subscriptions: Subscriptions
    send: Callable[[dict[str, object]], None]

    def __call__(self, recorded: RecordedEvent, order: Order) -> None:
        notice = self._notice(recorded, order)
        if notice is not None:
            self.send(notice.message())

    def _notice(self, recorded: RecordedEvent, order: Order) -> Notice | None:
        match recorded.event:
            case OrderReceived() | OrderRevised():
                about = Status.RECEIVED
            case OrderFailed():
                about = Status.FAILED
            case event if isinstance(event, OUTCOMES):
                if not self.subscriptions.get(recorded.source).wants_outcome(recorded.recorded_at):
                    return None
                return Notice(recorded.order_id, recorded.source)
            case _:
                return None
        if not self.subscriptions.get(recorded.source).wants(about.lower()):
            return None
        revision = order.revision_at(recorded.sequence).number
        return Notice(recorded.order_id, recorded.source, about, revision, order.attempt)
