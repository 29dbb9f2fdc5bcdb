"""Every error of the API as an RFC 9457 problem document. `KINDS` is the whole list; docs/api.md explains each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.api.http.request import Request, Response

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:orderbridge:problem:"

MAX_ERRORS = 3000
"""Fields named in one answer: more than an order of 500 lines has, so only piles of unknown fields are cut short.
Lambda can return 6 MB; an entry has at most some 400 characters."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem. `slug` is stable for programs; `remedy` says what the caller does about it."""

    slug: str
    status: int
    title: str
    remedy: str

    @property
    def type(self) -> str:
        return TYPE_PREFIX + self.slug


MALFORMED = ProblemType(
    "malformed-request", 400, "The request cannot be read", "Correct the request; `errors` says where."
)
UNAUTHORIZED = ProblemType(
    "unauthorized", 401, "No valid token", "Send a valid token as `Authorization: Bearer ob_...`."
)
FORBIDDEN = ProblemType("forbidden", 403, "The token's role does not suffice", "Use a token of the role that is named.")
WRONG_SOURCE = ProblemType("wrong-source", 403, "The token is for another source", "Use the token of that source.")
NOT_FOUND = ProblemType("not-found", 404, "There is no such thing", "Check the id and whose token it is.")
METHOD_NOT_ALLOWED = ProblemType(
    "method-not-allowed", 405, "Not possible with this method", "Use a method named in `Allow`."
)
NOT_POSSIBLE = ProblemType(
    "not-possible", 409, "The order's state does not allow it", "Read `detail`; look at the order."
)
CONFLICT = ProblemType(
    "order-conflict",
    409,
    "The order number was accepted with another content",
    "Compare `differences`; `detail` says whether and when this number can be sent again.",
)
IN_FLIGHT = ProblemType(
    "request-in-flight",
    409,
    "The first request with this key is still at work",
    "Repeat the very same request after `Retry-After` seconds.",
)
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    "The Idempotency-Key was used for another request",
    "Take a new key for each request, and the same one only to repeat it.",
)
MOVED = ProblemType(
    "precondition-failed",
    412,
    "The order is not at the version that you know",
    "Read the order again, decide, and send its new ETag in `If-Match`.",
)
TOO_LARGE = ProblemType("too-large", 413, "The request is too large", "Split the order, or send a batch.")
UNSUPPORTED_MEDIA_TYPE = ProblemType(
    "unsupported-media-type",
    415,
    "The body is not declared as JSON in UTF-8, or compressed in a way that is not known",
    "Send `Content-Type: application/json`; compress with gzip or not at all.",
)
VALIDATION = ProblemType(
    "validation", 422, "Some fields are wrong", "Correct every field in `errors` and send it again."
)
TOO_MANY = ProblemType("too-many-requests", 429, "Too many requests", "Wait for `Retry-After` seconds and repeat.")
INTERNAL = ProblemType("internal", 500, "An error of ours", "Repeat later; report the correlation id if it stays.")
UNAVAILABLE = ProblemType("unavailable", 503, "Not available at the moment", "Repeat after `Retry-After` seconds.")

KINDS = (
    MALFORMED,
    UNAUTHORIZED,
    FORBIDDEN,
    WRONG_SOURCE,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_POSSIBLE,
    CONFLICT,
    IN_FLIGHT,
    MOVED,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    VALIDATION,
    KEY_REUSED,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """A wrong field, parameter or header: its path, what is wrong and how to fix it."""

    field: str
    message: str


class Problem(Exception):
    """Ends a call with a problem document. `members` are further members of it."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str,
        errors: Sequence[FieldError] = (),
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{kind.slug}: {detail}")
        self.kind = kind
        self.detail = detail
        self.errors = tuple(errors)
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def document(self, instance: str, correlation_id: str) -> dict[str, Any]:
        """The problem document; `instance` is the path that was called."""
        document: dict[str, Any] = {
            "type": self.kind.type,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": instance,
            "correlation_id": correlation_id,
            "errors": [{"field": error.field, "message": error.message} for error in self.errors[:MAX_ERRORS]],
        }
        if len(self.errors) > MAX_ERRORS:
            document["errors_omitted"] = len(self.errors) - MAX_ERRORS
        return document | self.members


def answer_of(problem: Problem, request: Request) -> Response:
    """The problem document as an answer to the call."""
    headers = dict(problem.headers)
    if problem.kind is UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    document = problem.document(request.path, request.correlation_id)
    document["documentation"] = f"{request.reference('/problems')}#{problem.kind.slug}"
    return Response(problem.kind.status, document, headers, CONTENT_TYPE)
