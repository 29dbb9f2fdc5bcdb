"""The messages of the dead-letter queue: a failed order, its redrive when the time has come, work on a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.timestamps import format_utc, parse_utc

FAILED_ORDER = "failed_order"
REDRIVE = "redrive"
JOB = "job"


class UnreadableMessage(ValueError):
    """Not a message of ours; says why."""


def failed_order_message(failed: FailedOrder) -> dict[str, object]:
    return {"kind": FAILED_ORDER, **asdict(failed), "failed_at": format_utc(failed.failed_at)}


def redrive_message(failed: FailedOrder, redrive_at: datetime | None = None) -> dict[str, object]:
    """`redrive_at`: the time that the letter has too, by which it knows its redrive from another one."""
    named = {"redrive_at": format_utc(redrive_at)} if redrive_at else {}
    return {**failed_order_message(failed), **named, "kind": REDRIVE}


def job_message(job_id: str) -> dict[str, object]:
    return {"kind": JOB, "job_id": job_id}


def parse_message(body: str) -> Mapping[str, Any]:
    """A message with a known `kind`. Raises UnreadableMessage."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise UnreadableMessage("it is not JSON") from error
    if not isinstance(message, dict) or message.get("kind") not in (FAILED_ORDER, REDRIVE, JOB):
        raise UnreadableMessage("it has no known kind: failed_order, redrive or job")
    return message


def parse_failed_order(message: Mapping[str, Any]) -> FailedOrder:
    """Raises UnreadableMessage, naming the field."""
    values: dict[str, Any] = {}
    for field in fields(FailedOrder):
        value = message.get(field.name)
        if not isinstance(value, int if field.name == "attempt" else str):
            raise UnreadableMessage(f"field {field.name} is missing or of the wrong type")
        values[field.name] = value
    try:
        values["failed_at"] = parse_utc(values["failed_at"])
    except ValueError as error:
        raise UnreadableMessage("field failed_at is not a time") from error
    return FailedOrder(**values)
