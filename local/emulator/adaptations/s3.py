"""Buckets: what EventBridge hears of their objects."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

_version: ContextVar[str] = ContextVar("version of the object that is announced", default="")


def notices_name_the_version() -> None:
    """Upstream leaves `version-id` out of what it tells EventBridge; S3 names it if the bucket has versions."""
    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_s3_event(*arguments: Any, version_id: str | None = None, **more: Any) -> None:
        token = _version.set(version_id or "")
        try:
            fire(*arguments, version_id=version_id, **more)
        finally:
            _version.reset(token)

    def dispatch_event(event: dict[str, Any], *arguments: Any, **more: Any) -> Any:
        if _version.get():
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = _version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return dispatch(event, *arguments, **more)

    s3._fire_s3_event = fire_s3_event
    eventbridge._dispatch_event = dispatch_event
