"""A request and an answer as the handlers see them, free of API Gateway's and Chalice's shapes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

JSON = "application/json"

BODILESS = (204, 304)
"""Statuses that never have a body."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is what the client asked for, `resource` the pattern of the route ("/orders/{order_id}").

    Header names are in lower case; `body` is as API Gateway passes it, in base 64 if `is_base64`.
    """

    method: str
    path: str
    resource: str
    params: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: str | bytes | None
    is_base64: bool
    correlation_id: str
    authorizer: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Request:
        """From an event of API Gateway's Lambda proxy integration (payload format 1.0)."""
        context = event["requestContext"]
        return cls(
            method=context["httpMethod"],
            path=str(context.get("path") or context["resourcePath"]),
            resource=context["resourcePath"],
            # API Gateway hands them on as they were encoded; %2D is a dash like any other (RFC 3986, 6.2.2.2).
            params={name: unquote(value) for name, value in (event.get("pathParameters") or {}).items()},
            query=event.get("multiValueQueryStringParameters") or {},
            headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
            body=event.get("body"),
            is_base64=bool(event.get("isBase64Encoded")),
            correlation_id=str(context.get("correlationId", "")),
            authorizer=context.get("authorizer") or {},
        )

    def reference(self, path: str) -> str:
        """A path of ours relative to the request's URL: right with a stage, behind any domain and any proxy."""
        segments = len(self.resource.strip("/").split("/"))
        up = segments - 1 + self.path.endswith("/")
        return ("../" * up or "./") + path.lstrip("/")


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent back; a `body` that is no string is written as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":"))

    def all_headers(self) -> dict[str, str]:
        """Orders change by themselves and are private: nobody on the way may keep an answer."""
        of_body = {} if self.status in BODILESS else {"Content-Type": self.content_type}
        return {**of_body, "Cache-Control": "no-store", **self.headers}


def link_header(request: Request, links: Mapping[str, object]) -> dict[str, str]:
    """The next page in the header of RFC 8288; nothing on the last one."""
    following = links.get("next")
    return {"Link": f'<{request.reference(str(following))}>; rel="next"'} if following else {}
