"""Counts the calls that the local AWS serves, by who makes them: what an order costs is asked of the server itself.

GET /_local/calls    {"orderbridge-local-validate_order DynamoDB.Query": 12, ...} since the server was started
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

PATH = "/_local/calls"
CALLER_VARIABLE = "AWS_SDK_UA_APP_ID"
"""Set for every function to its name; the SDK then ends its user agent with it."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_CALLER = re.compile(rb"\bapp/(\S+)")
_SERVICE = re.compile(rb"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/")


def counted(application: Application) -> Application:
    """The application, with the count of its calls at `PATH`."""
    calls: Counter[tuple[bytes, bytes]] = Counter()

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await _answer(send, {f"{caller.decode()} {what.decode()}": n for (caller, what), n in calls.items()})
            return
        if scope["type"] == "http":
            calls[_call(scope)] += 1
        await application(scope, receive, send)

    return count


def calls_of(endpoint_url: str) -> Counter[str]:
    """The count so far; subtract an earlier one."""
    with urllib.request.urlopen(f"{endpoint_url}{PATH}", timeout=30) as answer:
        return Counter(json.load(answer))


def _call(scope: Scope) -> tuple[bytes, bytes]:
    """Caller and operation: the protocol's own name of it, or the HTTP method where the path holds the name."""
    headers = dict(scope["headers"])
    caller = _CALLER.search(headers.get(b"user-agent", b""))
    target = headers.get(b"x-amz-target", b"")
    service = _SERVICE.search(headers.get(b"authorization", b""))
    method = scope["method"].encode()
    what = target or (b"%s.%s" % (service.group(1), method) if service else b"http.%s" % method)
    return (caller.group(1) if caller else b"-", re.sub(rb"^(\w+?)_\d+\.", rb"\1.", what))


async def _answer(send: Send, body: dict[str, int]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
