"""The API's function and its authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.wiring.application import application

if TYPE_CHECKING:
    from chalicelib.api.services import ApiServices


def authorize(request: Any) -> Any:
    """Who calls the API. Chalice hides the context here, but not the ARN of the method that is called."""
    from chalicelib.api.authorizer import authorizer_response

    app = application(request.method_arn)
    return authorizer_response(request, app.tokens, app.clock)


def api_services() -> ApiServices:
    """What the routes work with."""
    return application().api
