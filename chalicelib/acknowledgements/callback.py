"""Tells an ERP that can receive calls what became of its order: one signed callback per outcome, and its event.

The stream consumer announces an outcome by a message; the consumer of the messages calls the ERP. A message that
fails comes again, later each time; an ERP that is down gets its answers when it is back. What repeating cannot help,
an ERP that refuses or has no secret, is parked with its reason, to be sent again when the cause is fixed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.domain.dead_letter_messages import UnreadableMessage
from chalicelib.domain.errors import PermanentError
from chalicelib.domain.events import OUTCOMES, ErpAcknowledged, RecordedEvent
from chalicelib.domain.ids import revision_key
from chalicelib.domain.state import Order
from chalicelib.observability import log_context, logger
from chalicelib.orders.repository import OrderRepository

CHANNEL = "http"
FIRST_DELAY_S = 15
LONGEST_DELAY_S = 900


class Callback(Protocol):
    """Delivers to one ERP. Raises DependencyUnavailable, DependencyTimeout, CallbackRefused, Misconfigured."""

    def __call__(self, source: str, message_id: str, body: bytes) -> None: ...


Documents = Callable[[Mapping[str, Any]], tuple[str, str, dict[str, Any]] | None]
"""A message about something else than an order -> source, id and body of the callback; None if it is past."""


def no_document(message: Mapping[str, Any]) -> None:
    """Where orders are all that an ERP is told about."""


@dataclass(frozen=True, slots=True)
class AnnounceOutcome:
    """A listener of the event stream: a message for every outcome of a source that wants callbacks."""

    wants_callbacks: Callable[[str], bool]
    send: Callable[[dict[str, object]], None]

    def __call__(self, recorded: RecordedEvent, order: Order) -> None:
        if isinstance(recorded.event, OUTCOMES) and self.wants_callbacks(recorded.source):
            self.send({"order_id": recorded.order_id, "source": recorded.source})


@dataclass(frozen=True, slots=True)
class AcknowledgeErp:
    """Handles one message. `park` puts one away with its reason. Raises TransientError: the message comes again."""

    repository: OrderRepository
    callback: Callback
    park: Callable[[str, str], None]
    others: Documents = no_document

    def __call__(self, body: str) -> None:
        try:
            message = _message(body)
            if "order_id" in message:
                self._acknowledge(str(message["order_id"]))
            else:
                self._tell(message)
        except (PermanentError, UnreadableMessage) as problem:
            logger().error("acknowledgement parked", extra={"error": type(problem).__name__, "detail": str(problem)})
            self.park(body, f"{type(problem).__name__}: {problem}")

    def _tell(self, message: Mapping[str, Any]) -> None:
        outgoing = self.others(message)
        if outgoing is not None:
            source, message_id, document = outgoing
            with log_context(source=source):
                self.callback(source, message_id, json.dumps(document).encode())
                logger().info("ERP told", extra={"callback": message_id})

    def _acknowledge(self, order_id: str) -> None:
        order = self.repository.load(order_id)
        with log_context(order_id=order.order_id, correlation_id=order.correlation_id, source=order.content.source):
            if not order.is_final or order.status in order.acknowledged:
                return
            document = json.dumps(outcome_document(order)).encode()
            self.callback(order.content.source, message_id(order), document)
            self.repository.handle(order.order_id, lambda now: self._record(order, now))
            logger().info("ERP acknowledged", extra={"outcome": order.status})

    def _record(self, told: Order, now: Order) -> None:
        """A revision that came meanwhile has an outcome of its own, of which the ERP knows nothing yet."""
        if now.revision == told.revision and told.status not in now.acknowledged:
            self.repository.append(now, ErpAcknowledged(CHANNEL, told.status))


def redelivery_delay_s(receives: int) -> int:
    """How long a message that failed is hidden: doubles with every time it was received, up to a quarter of an hour."""
    return int(min(FIRST_DELAY_S * 2 ** (min(receives, 20) - 1), LONGEST_DELAY_S))


def _message(body: str) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except ValueError:
        message = None
    if not isinstance(message, dict) or not {"order_id", "batch_id"} & message.keys():
        raise UnreadableMessage("it names no order_id and no batch_id")
    return message


def message_id(order: Order) -> str:
    """The same for every repeat, by which the ERP recognises one; another for each revision's outcome."""
    return f"{revision_key(order.order_id, order.revision)}.{order.status.lower()}"


def outcome_document(order: Order) -> dict[str, Any]:
    """What the ERP receives (docs/callbacks.md). No personal data: the ERP knows its order by `external_id`."""
    reasons = order.rejection.reasons if order.rejection else ()
    return {
        "type": f"order.{order.status.lower()}",
        "timestamp": order.updated_at.isoformat(),
        "data": {
            "order_id": order.order_id,
            "source": order.content.source,
            "external_id": order.content.external_id,
            "revision": order.revision,
            "status": order.status,
            "confirmation_number": order.confirmation_number or None,
            "reasons": [{"code": r.code, "message": r.message, "field": r.field or None} for r in reasons],
            "cancelled_because": order.cancellation.reason if order.cancellation else None,
            "correlation_id": order.correlation_id,
        },
    }
