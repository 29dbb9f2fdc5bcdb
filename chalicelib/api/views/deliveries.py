"""Whether an ERP was told, as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import TypedDict

from chalicelib.acknowledgements.delivery import Attempt, Delivery, DeliveryState
from chalicelib.api.views.schemas import Moment
from chalicelib.domain.events import ErpAcknowledged, RecordedEvent
from chalicelib.domain.state import fold
from chalicelib.domain.timestamps import rfc3339


class AttemptView(TypedDict):
    """One call of the ERP."""

    at: Moment
    duration_ms: int
    status: int | None
    """HTTP status of the ERP's answer; null if there was none."""
    error: str
    """Empty if the ERP took it."""


class DeliveryView(TypedDict):
    """What was tried to tell about one outcome."""

    message_id: str
    """The header `webhook-id` of every call about it."""
    about: str
    """CONFIRMED, REJECTED or CANCELLED; RECEIVED or FAILED if the ERP asked for it."""
    state: DeliveryState
    """PARKED: the ERP refuses it, or was away for three days; it is tried again once a day."""
    tries: int
    attempts: list[AttemptView]
    next_try_at: Moment | None
    delivered_at: Moment | None
    problem: str
    """Why it is not delivered yet."""


class DeliveriesView(TypedDict):
    """What the ERP knows of the order."""

    order_id: str
    told_at: Moment | None
    """When the latest revision's outcome was told, by a callback or in the ERP's own tables; null if it was not."""
    deliveries: list[DeliveryView]
    """Callbacks only."""


def deliveries_view(recorded: Sequence[RecordedEvent], deliveries: Sequence[Delivery]) -> DeliveriesView:
    """`recorded`: all events of the order."""
    order = fold(recorded)
    told = [
        one.recorded_at
        for one in recorded[order.revisions[-1].begins :]
        if isinstance(one.event, ErpAcknowledged) and one.event.outcome.upper() == order.status and order.is_final
    ]
    return {
        "order_id": order.order_id,
        "told_at": rfc3339(told[0]) if told else None,
        "deliveries": [_delivery(one) for one in deliveries],
    }


def _delivery(delivery: Delivery) -> DeliveryView:
    is_told, next_try, told = delivery.delivered_at is not None, delivery.next_try_at, delivery.delivered_at
    return {
        "message_id": delivery.message_id,
        "about": delivery.about,
        "state": delivery.state,
        "tries": delivery.tries,
        "attempts": [_attempt(attempt) for attempt in delivery.attempts],
        "next_try_at": rfc3339(next_try) if next_try is not None and not is_told else None,
        "delivered_at": rfc3339(told) if told is not None else None,
        "problem": delivery.problem,
    }


def _attempt(attempt: Attempt) -> AttemptView:
    return {
        "at": rfc3339(attempt.at),
        "duration_ms": attempt.duration_ms,
        "status": attempt.status or None,
        "error": attempt.error,
    }
