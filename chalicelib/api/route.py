"""What a row of the table of routes consists of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.api.access import INCLUDES, require
from chalicelib.api.http.idempotency import HEADER, once
from chalicelib.api.http.problems import ProblemType
from chalicelib.api.http.request import JSON, Request, Response
from chalicelib.api.services import ApiServices
from chalicelib.auth.tokens import Principal, Role


@dataclass(frozen=True, slots=True)
class Guarded:
    """Asks for a token of one of the roles, or of one that includes it, and tells the handler whose it is."""

    handler: Callable[[Request, ApiServices, Principal], Response]
    roles: tuple[Role, ...]

    def __call__(self, request: Request, services: ApiServices) -> Response:
        """Raises Problem (401, 403), and whatever the handler raises."""
        principal = require(request, services.clock.now(), *self.roles)
        if request.method == "POST" and HEADER.lower() in request.headers:
            return once(
                services.keys, services.clock, request, principal, lambda: self.handler(request, services, principal)
            )
        return self.handler(request, services, principal)


@dataclass(frozen=True, slots=True)
class Public:
    """Is answered without a token."""

    handler: Callable[[Request, ApiServices], Response]

    def __call__(self, request: Request, services: ApiServices) -> Response:
        return self.handler(request, services)


BODILESS = object()


@dataclass(frozen=True, slots=True)
class Answered:
    """A good answer. `view` is its typed dictionary (None: any object; BODILESS: it has no body), `examples` names in
    `openapi/examples.py`."""

    status: int
    description: str
    view: Any
    examples: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a path, and its words, bodies and answers in the OpenAPI document.

    `body_examples`: names in `openapi/examples.py`. `problems`: those beyond what roles, bodies and parameters bring.
    """

    method: str
    path: str
    endpoint: Guarded | Public
    summary: str
    description: str
    answers: tuple[Answered, ...]
    bodies: tuple[type[Any], ...] = ()
    body_examples: tuple[str, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    problems: tuple[ProblemType, ...] = ()

    @property
    def roles(self) -> tuple[Role, ...]:
        """All roles that may call it, none if it is public."""
        if isinstance(self.endpoint, Public):
            return ()
        return tuple(role for role in Role if not INCLUDES[role].isdisjoint(self.endpoint.roles))


def query_parameter(name: str, description: str, example: Any, **schema: Any) -> dict[str, Any]:
    """A parameter in the query string, in OpenAPI's own form; a string unless `schema` says otherwise."""
    schema = schema if "anyOf" in schema else {"type": "string", **schema}
    return {"name": name, "in": "query", "description": description, "schema": schema, "example": example}


def header_parameter(name: str, description: str, example: str, **schema: Any) -> dict[str, Any]:
    """A header that may be sent, in OpenAPI's own form."""
    schema = {"type": "string", **schema}
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": example}
