"""Chalice with our manners: every answer has a correlation id, and every error is a problem document.

Chalice itself answers exceptions with documents of its own; these are rewritten here, so that a caller learns one form
of error only, and the answer to HEAD loses its body. Nothing else of Chalice is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from chalice import Chalice

from chalicelib import API_VERSION
from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem, ProblemType, answer_of
from chalicelib.api.http.request import Request
from chalicelib.observability import log_context

VERSION_HEADER = "API-Version"
CORRELATION_HEADER = "X-Correlation-ID"
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z", re.ASCII)

_KIND_OF_STATUS: dict[int, ProblemType] = {kind.status: kind for kind in reversed(problems.KINDS)}
"""The first kind of each status in the list is the general one."""

INTERNAL_DETAIL = "Something went wrong that we did not foresee. The correlation id leads us to the cause."


class OrderbridgeApi(Chalice):  # type: ignore[misc]  # Chalice has no types
    """The application object of `app.py`."""

    def __init__(self, app_name: str) -> None:
        super().__init__(app_name, configure_logs=False)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """One request of API Gateway. The correlation id is the caller's, or else the gateway's own request id."""
        given = _header(event, CORRELATION_HEADER)
        usable = given is not None and _CORRELATION_ID.match(given) is not None
        own = event["requestContext"].get("requestId") or context.aws_request_id
        correlation_id = str(given if usable else own)
        event = {**event, "requestContext": {**event["requestContext"], "correlationId": correlation_id}}
        with log_context(step="Api", correlation_id=correlation_id, **_subject(event)) as log:
            self.log = log
            response = self._respond(event, context, refuse_header=given is not None and not usable)
            log.info("request", extra={"route": _route(event), "http_status": response["statusCode"]})
        if event["requestContext"]["httpMethod"] == "HEAD":
            response["body"] = ""
        response["headers"] |= {CORRELATION_HEADER: correlation_id, VERSION_HEADER: API_VERSION}
        return response

    def _respond(self, event: dict[str, Any], context: Any, refuse_header: bool) -> dict[str, Any]:
        request = Request.of(event)
        if refuse_header:
            return _response(_wrong_correlation_id(), request)
        if event["requestContext"]["resourcePath"] not in self.routes:
            return _response(Problem(problems.NOT_FOUND, "There is no such route; see /openapi.json."), request)
        response: dict[str, Any] = super().__call__(event, context)
        if response["statusCode"] < 400 or _media_type(response) == problems.CONTENT_TYPE:
            return response
        return _response(_framework_problem(response), request)


def _framework_problem(response: Mapping[str, Any]) -> Problem:
    """What Chalice answered by itself, as a problem."""
    status = response["statusCode"]
    kind = _KIND_OF_STATUS.get(status, problems.INTERNAL if status >= 500 else problems.MALFORMED)
    if kind.status >= 500:
        return Problem(problems.INTERNAL, INTERNAL_DETAIL)
    return Problem(kind, _message(response) or kind.remedy)


def _message(response: Mapping[str, Any]) -> str:
    try:
        body = json.loads(response["body"])
    except ValueError:
        return ""
    return str(body.get("Message", ""))[:500] if isinstance(body, dict) else ""


def _response(problem: Problem, request: Request) -> dict[str, Any]:
    answer = answer_of(problem, request)
    return {
        "statusCode": answer.status,
        "headers": answer.all_headers(),
        "multiValueHeaders": {},
        "body": answer.text(),
    }


def _wrong_correlation_id() -> Problem:
    wanted = "must be 1 to 64 letters, digits, dots, dashes or underscores; leave it out to get one made"
    return Problem(
        problems.MALFORMED, f"The header {CORRELATION_HEADER} {wanted}.", [FieldError(CORRELATION_HEADER, wanted)]
    )


def _header(event: Mapping[str, Any], name: str) -> str | None:
    for key, value in (event.get("headers") or {}).items():
        if str(key).lower() == name.lower():
            return str(value)
    return None


def _media_type(response: Mapping[str, Any]) -> str:
    return str(response["headers"].get("Content-Type", "")).split(";")[0].strip()


def _route(event: Mapping[str, Any]) -> str:
    context = event["requestContext"]
    return f"{context['httpMethod']} {context['resourcePath']}"


def _subject(event: Mapping[str, Any]) -> dict[str, str]:
    """Whom and what the request is about, for every log line: who called (never with what secret), which order."""
    found = {"token_id": (event["requestContext"].get("authorizer") or {}).get("token_id", "")}
    order_id = (event.get("pathParameters") or {}).get("order_id", "")
    return {key: str(value)[:64] for key, value in {**found, "order_id": order_id}.items() if value}
