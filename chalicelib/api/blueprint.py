"""The table of routes as Chalice wants it, and what becomes of the errors of a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint
from chalice.app import Response as ChaliceResponse

from chalicelib.api.http import problems
from chalicelib.api.http.problem_of_error import problem_of
from chalicelib.api.http.problems import Problem, answer_of
from chalicelib.api.http.request import Request, Response
from chalicelib.api.route import Guarded, Public
from chalicelib.api.routes import METHODS, ROUTES, allowed_methods, served
from chalicelib.api.services import ApiServices
from chalicelib.domain.errors import OrderbridgeError, PermanentError, UnknownOrder
from chalicelib.observability import logger


def routes(services: Callable[[], ApiServices], authorizer: Any = None) -> Any:
    """The Blueprint. `services` is called in each request; `authorizer` is what `@app.authorizer` returned.

    Without an authorizer every route that is not public answers 401.
    """
    api = Blueprint(__name__)
    for route in ROUTES:
        guard = None if isinstance(route.endpoint, Public) else authorizer
        # No content types: Chalice would compare them as text, and refuse a harmless header of a GET (`http.body`).
        register = api.route(route.path, methods=served(route.method), content_types=[], authorizer=guard)
        register(_view(api, route.endpoint, services))
    for path in dict.fromkeys(route.path for route in ROUTES):
        allowed = allowed_methods(path)
        others = ["OPTIONS", *(method for method in METHODS if method not in allowed)]
        api.route(path, methods=others, content_types=[])(_methods(api, ", ".join(allowed)))
    return api


def _methods(api: Any, allow: str) -> Callable[..., Any]:
    """What answers for a path, without a token, to whoever asks for its methods, or uses one that it does not have."""

    def view(**_: str) -> Any:
        """The methods of this path."""
        request = Request.of(api.current_request.to_original_event())
        if request.method == "OPTIONS":
            return ChaliceResponse("", {"Allow": allow, "Cache-Control": "no-store"}, 204)
        refusal = Problem(problems.METHOD_NOT_ALLOWED, f"This route knows: {allow}.", headers={"Allow": allow})
        answer = answer_of(refusal, request)
        return ChaliceResponse(answer.text(), answer.all_headers(), answer.status)

    view.__name__ = "methods"
    return view


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
