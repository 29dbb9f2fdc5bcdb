"""The door: what API Gateway's Lambda authorizer answers for a token.

It lets a valid token into every route; whether its role suffices is decided by the route, so that "wrong role" is a
problem document with a reason and not a bare 403. API Gateway caches the answer by the header's value, hence one
policy for all routes, and `tokens.CACHE_SECONDS`. It caches no refusals.
"""

from __future__ import annotations

from typing import Any

from chalice.app import AuthResponse

from chalicelib.auth.tokens import Denied, Principal, TokenStore, authorize
from chalicelib.domain.timestamps import format_utc
from chalicelib.observability import logger
from chalicelib.ports import Clock


class Unauthorized(Exception):
    """API Gateway answers 401 to a function that raises exactly this text, and 500 to anything else.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    """

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def authorizer_response(request: Any, tokens: TokenStore, clock: Clock) -> Any:
    """`request` is Chalice's AuthRequest, the answer its AuthResponse. Raises Unauthorized, or what the store raises
    (API Gateway then answers 500, and the caller repeats)."""
    given = str(request.token).strip()
    scheme, _, rest = given.partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else given  # some old ERPs cannot send a scheme
    found = authorize(tokens, token, clock.now())
    if isinstance(found, Denied):
        logger().warning("token refused", extra={"reason": found.reason, "token_id": found.token_id})
        raise Unauthorized
    return AuthResponse(routes=["*"], principal_id=found.token_id, context=context_of(found))


def context_of(principal: Principal) -> dict[str, str]:
    """What the routes get to know, in `requestContext.authorizer`: flat and textual, as API Gateway demands."""
    return {
        "token_id": principal.token_id,
        "role": principal.role.value,
        "source": principal.source,
        "label": principal.label,
        "expires_at": format_utc(principal.expires_at),
    }
