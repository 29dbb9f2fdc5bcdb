"""A request and an answer as the handlers see them, free of API Gateway's and Chalice's shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is what the client asked for, `base` the part of it before our own paths ("/api").

    Header names are in lower case; `body` is as API Gateway passes it, in base 64 if `is_base64`.
    """

    method: str
    path: str
    base: str
    params: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: str | bytes | None
    is_base64: bool
    correlation_id: str
    authorizer: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Call:
        """From an event of API Gateway's Lambda proxy integration (payload format 1.0)."""
        context = event["requestContext"]
        path = str(context.get("path") or context["resourcePath"])
        return cls(
            method=context["httpMethod"],
            path=path,
            base=_base(path, context["resourcePath"]),
            params=event.get("pathParameters") or {},
            query=event.get("multiValueQueryStringParameters") or {},
            headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
            body=event.get("body"),
            is_base64=bool(event.get("isBase64Encoded")),
            correlation_id=str(context.get("correlationId", "")),
            authorizer=context.get("authorizer") or {},
        )

    def href(self, path: str) -> str:
        """An absolute path that works where the client called: with the stage, or behind a custom domain."""
        return self.base + path


def _base(path: str, resource: str) -> str:
    """What stands before our own path, whose segments `resource` counts: "/api/orders/o-1" -> "/api"."""
    segments = path.rstrip("/").split("/")
    own = len(resource.strip("/").split("/"))
    return "/".join(segments[: len(segments) - own]).rstrip("/")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; a `body` that is no string is written as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":"))

    def all_headers(self) -> dict[str, str]:
        """Orders change by themselves and are private: nobody on the way may keep an answer."""
        return {"Content-Type": self.content_type, "Cache-Control": "no-store", **self.headers}
