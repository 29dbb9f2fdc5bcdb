"""Who may do what: the caller as the authorizer let it in, and the roles that a route asks for."""

from __future__ import annotations

from datetime import datetime

from chalicelib.api.http import problems
from chalicelib.api.http.problems import Problem
from chalicelib.api.http.request import Request
from chalicelib.auth.tokens import Principal, Role
from chalicelib.domain.timestamps import parse_utc

INCLUDES = {
    Role.INGEST: frozenset({Role.INGEST}),
    Role.READ: frozenset({Role.READ}),
    Role.OPERATE: frozenset({Role.OPERATE, Role.READ}),
}
"""What a role can do that another one can: operate includes read."""


def caller(request: Request, now: datetime) -> Principal:
    """The caller. Raises Problem (401) without one, or if its token has expired since API Gateway cached the answer."""
    passed = request.authorizer
    if not passed.get("role"):
        raise Problem(problems.UNAUTHORIZED, "This route needs a token: send it as `Authorization: Bearer ob_...`.")
    expires_at = parse_utc(passed["expires_at"])
    if now >= expires_at:
        raise Problem(problems.UNAUTHORIZED, "The token has expired: ask for a new one.")
    return Principal(
        passed["token_id"], Role(passed["role"]), passed.get("source", ""), passed.get("label", ""), expires_at
    )


def require(request: Request, now: datetime, *roles: Role) -> Principal:
    """The caller, if its role is, or includes, one of `roles`. Raises Problem (401, 403)."""
    principal = caller(request, now)
    if INCLUDES[principal.role].isdisjoint(roles):
        needed = " or ".join(roles)
        raise Problem(problems.FORBIDDEN, f"This needs a token of role {needed}; yours has the role {principal.role}.")
    return principal


def may_see(principal: Principal, source: str) -> bool:
    """Ingest tokens see the orders of their own source only."""
    return principal.role is not Role.INGEST or principal.source == source
