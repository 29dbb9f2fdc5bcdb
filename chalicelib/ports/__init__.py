"""What several rooms need from the outside, as Protocols. Every adapter of a port passes its contract suite.

All times are UTC datetimes, all money is `Money`. A port raises only errors of `domain/errors.py`.
A port that a single room needs stands in that room's `ports.py`.
"""

from chalicelib.ports.dead_letters import (
    DEAD_LETTER_COUNT_LIMIT,
    DeadLetter,
    DeadLetterGroup,
    DeadLetterQueue,
    DeadLetters,
)
from chalicelib.ports.event_store import Append, EventStore
from chalicelib.ports.inventory import Inventory
from chalicelib.ports.messaging import Alerts, EventBus
from chalicelib.ports.payments import Payment, PaymentGateway, PaymentRequest
from chalicelib.ports.read_model import OrderPage, OrderQuery, OrderRow, Projection
from chalicelib.ports.reference_data import ReferenceData
from chalicelib.ports.runtime import Bookmark, Clock, Ids
from chalicelib.ports.workflow import WorkflowEngine

__all__ = [
    "DEAD_LETTER_COUNT_LIMIT",
    "Alerts",
    "Append",
    "Bookmark",
    "Clock",
    "DeadLetter",
    "DeadLetterGroup",
    "DeadLetterQueue",
    "DeadLetters",
    "EventBus",
    "EventStore",
    "Ids",
    "Inventory",
    "OrderPage",
    "OrderQuery",
    "OrderRow",
    "Payment",
    "PaymentGateway",
    "PaymentRequest",
    "Projection",
    "ReferenceData",
    "WorkflowEngine",
]
