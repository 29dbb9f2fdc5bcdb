"""Technical failures: what went wrong in which step, grouped by a fingerprint that is the same for every order."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.domain.events import OrderFailed
from chalicelib.domain.state import Order

MAX_MESSAGE_CHARACTERS = 500

_VOLATILE = (
    (re.compile(r"\bo-[0-9a-hjkmnp-tv-z]{24}\b"), "<order>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I), "<uuid>"),
    (re.compile(r"\b(?=\w*\d)[0-9a-zA-Z_]{12,}\b"), "<id>"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "<value>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<n>"),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What Step Functions caught: the step, the error's name and its message."""

    step: str
    error: str
    message: str

    @property
    def fingerprint(self) -> str:
        """12 hex digits: step, error and the message without ids, numbers and quoted values."""
        message = self.message
        for pattern, placeholder in _VOLATILE:
            message = pattern.sub(placeholder, message)
        return hashlib.sha256(f"{self.step}\0{self.error}\0{message}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class FailedOrder:
    """An order that was parked, as it goes to the dead-letter queue and into the alert."""

    order_id: str
    correlation_id: str
    source: str
    attempt: int
    step: str
    error: str
    message: str
    fingerprint: str
    failed_at: datetime

    def is_settled_in(self, order: Order) -> bool:
        """The order has moved on from that failure: a later attempt runs or has run, or it has ended."""
        return order.attempt > self.attempt or order.is_final

    @classmethod
    def of(cls, order: Order, failure: Failure | OrderFailed, at: datetime) -> FailedOrder:
        """The order as it stands; `at`: when it failed, UTC."""
        return cls(
            order_id=order.order_id,
            correlation_id=order.correlation_id,
            source=order.content.source,
            attempt=order.attempt,
            step=failure.step,
            error=failure.error,
            message=failure.message,
            fingerprint=failure.fingerprint,
            failed_at=at,
        )


def caught(failure: Mapping[str, Mapping[str, Any]]) -> Failure:
    """From the `failure` object of an execution: {"CapturePayment": {"Error": ..., "Cause": ...}}.

    A Catch keeps the state's input, so the key is the only place where the name of the step can travel.
    """
    step, error_output = next(iter(failure.items()), ("unknown", {}))
    cause = str(error_output.get("Cause", ""))
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    message = str(parsed.get("errorMessage", cause)) if isinstance(parsed, dict) else cause
    return Failure(step, str(error_output.get("Error", "unknown")), message[:MAX_MESSAGE_CHARACTERS])
