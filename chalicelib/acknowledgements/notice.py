"""What an ERP is told by a callback: the message on the queue that leads to it, its id, and its document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.dead_letter_messages import UnreadableMessage
from chalicelib.domain.errors import Reason
from chalicelib.domain.ids import revision_key
from chalicelib.domain.state import FINAL, Order, Status


@dataclass(frozen=True, slots=True)
class Notice:
    """A message: tell the ERP about this order. What there is to tell is looked up when it is handled.

    `about` is RECEIVED or FAILED with the revision and the attempt that it is about, or empty for the outcome.
    `again`: also if the ERP was told. `reconciled`: by the reconciliation, which comes back by itself.
    """

    order_id: str
    source: str
    about: str = ""
    revision: int = 0
    attempt: int = 0
    again: bool = False
    reconciled: bool = False

    def message(self) -> dict[str, object]:
        """For the queue `acknowledgements`. An outcome's is what earlier releases send and read."""
        base: dict[str, object] = {"order_id": self.order_id, "source": self.source}
        if self.about:
            base |= {"about": self.about, "revision": self.revision, "attempt": self.attempt}
        return base | ({"again": True} if self.again else {}) | ({"reconciled": True} if self.reconciled else {})


def parse_notice(body: str) -> Notice:
    """Raises UnreadableMessage."""
    message = message_object(body)
    order_id = message.get("order_id")
    if not isinstance(order_id, str):
        raise UnreadableMessage("it names no order_id")
    about = message.get("about", "")
    if about not in ("", Status.RECEIVED, Status.FAILED):
        raise UnreadableMessage(f"it is about {about!r}: RECEIVED or FAILED, or nothing for the outcome")
    numbers = {name: message.get(name, 0) for name in ("revision", "attempt")}
    if not all(type(number) is int for number in numbers.values()):
        raise UnreadableMessage("its revision and attempt are no numbers")
    return Notice(
        order_id,
        str(message.get("source", "")),
        about,
        **numbers,
        again=message.get("again") is True,
        reconciled=message.get("reconciled") is True,
    )


def source_of(body: str) -> str:
    """Whose message it is; empty if it does not say."""
    try:
        return str(message_object(body).get("source", ""))
    except UnreadableMessage:
        return ""


def message_id(order_id: str, revision: int, status: str, attempt: int = 0) -> str:
    """The same for every repeat, by which the ERP recognises one; another for each revision's outcome.

    `attempt` counts for FAILED only: each attempt may fail.
    """
    which = f"{revision_key(order_id, revision)}.{status.lower()}"
    return f"{which}.{attempt}" if status == Status.FAILED else which


def document(order: Order, status: str, occurred_at: datetime) -> dict[str, Any]:
    """What the ERP receives (docs/callbacks.md). No personal data: the ERP knows its order by `external_id`."""
    is_final = status in FINAL
    return {
        "type": f"order.{status.lower()}",
        "timestamp": occurred_at.isoformat(),
        "data": {
            "order_id": order.order_id,
            "source": order.content.source,
            "external_id": order.content.external_id,
            "revision": order.revision,
            "status": status,
            "confirmation_number": (order.confirmation_number or None) if is_final else None,
            "reasons": [{"code": r.code, "message": r.message, "field": r.field or None} for r in _why(order, status)],
            "cancelled_because": order.cancellation.reason if is_final and order.cancellation else None,
            "correlation_id": order.correlation_id,
        },
    }


def _why(order: Order, status: str) -> tuple[Reason, ...]:
    if status == Status.FAILED and order.failure is not None:
        return (Reason("failed", f"waits for an operator: {order.failure.error} in {order.failure.step}"),)
    return order.rejection.reasons if status in FINAL and order.rejection else ()


def names_an_order(body: str) -> bool:
    """Or something else that an ERP is told about. Raises UnreadableMessage if it names neither."""
    message = message_object(body)
    if not {"order_id", "batch_id"} & message.keys():
        raise UnreadableMessage("it names no order_id and no batch_id")
    return "order_id" in message


def message_object(body: str) -> Mapping[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage("it is not JSON; it names no order_id") from error
    if not isinstance(message, dict):
        raise UnreadableMessage("it is no object; it names no order_id")
    return message
