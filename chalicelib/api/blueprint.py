"""The table of routes as Chalice wants it, and what becomes of the errors of a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint
from chalice.app import Response as ChaliceResponse

from chalicelib.api.http.problem_of_error import problem_of
from chalicelib.api.http.problems import Problem, answer_of
from chalicelib.api.http.request import JSON, Request, Response
from chalicelib.api.route import Guarded, Public
from chalicelib.api.routes import ROUTES
from chalicelib.api.services import ApiServices
from chalicelib.domain.errors import OrderbridgeError, PermanentError, UnknownOrder
from chalicelib.observability import logger


def routes(services: Callable[[], ApiServices], authorizer: Any = None) -> Any:
    """The Blueprint. `services` is called in each request; `authorizer` is what `@app.authorizer` returned.

    Without an authorizer every route that is not public answers 401.
    """
    api = Blueprint(__name__)
    for route in ROUTES:
        # No content types for GET: it has no body to declare, and Chalice would refuse a harmless header.
        content_types = [JSON] if route.method == "POST" else []
        guard = None if isinstance(route.endpoint, Public) else authorizer
        register = api.route(route.path, methods=[route.method], content_types=content_types, authorizer=guard)
        register(_view(api, route.endpoint, services))
    return api


def _view(api: Any, endpoint: Guarded | Public, services: Callable[[], ApiServices]) -> Callable[..., Any]:
    """A view function as Chalice wants it. Its name becomes the route's, its docstring API Gateway's summary."""

    def view(**_: str) -> Any:
        request = Request.of(api.current_request.to_original_event())
        answer = _answer(endpoint, request, services)
        return ChaliceResponse(answer.text(), answer.all_headers(), answer.status)

    view.__name__ = endpoint.handler.__name__
    view.__doc__ = endpoint.handler.__doc__
    return view


def _answer(endpoint: Guarded | Public, request: Request, services: Callable[[], ApiServices]) -> Response:
    """What the handler answers, or the problem that its error stands for. Bugs pass through, to be logged as such."""
    try:
        return endpoint(request, services())
    except Problem as problem:
        return answer_of(problem, request)
    except OrderbridgeError as error:
        if isinstance(error, PermanentError) and not isinstance(error, UnknownOrder):
            logger().exception("request failed", extra={"error": type(error).__name__})
        else:
            logger().info("request not fulfilled", extra={"error": type(error).__name__})
        return answer_of(problem_of(error), request)
