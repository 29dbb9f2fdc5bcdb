"""The route table: each route passes the request to one handler. Roles are the handlers' business.

The module is imported by the API's own function only (`app.py`), because its models cost a cold start 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalice.app import Blueprint
from chalice.app import Response as ChaliceResponse

from chalicelib.api.handlers import batches, dead_letters, orders, system
from chalicelib.api.http.problem_of_error import problem_of
from chalicelib.api.http.problems import Problem, answer_of
from chalicelib.api.http.request import JSON, Request, Response
from chalicelib.api.services import ApiServices
from chalicelib.domain.errors import OrderbridgeError, PermanentError, UnknownOrder
from chalicelib.observability import logger

Handler = Callable[[Request, ApiServices], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A method on a path. A `public` one is answered without a token."""

    method: str
    path: str
    handler: Handler
    public: bool = False


ROUTES = (
    Route("POST", "/orders", orders.accept_order),
    Route("GET", "/orders", orders.list_orders),
    Route("GET", "/orders/{order_id}", orders.show_order),
    Route("GET", "/orders/{order_id}/events", orders.show_events),
    Route("POST", "/orders/{order_id}/cancel", orders.cancel_order),
    Route("POST", "/orders/{order_id}/redrive", orders.redrive_order),
    Route("POST", "/batches", batches.create_batch),
    Route("GET", "/batches/{batch_id}", batches.show_batch),
    Route("POST", "/batches/{batch_id}/cancel", batches.cancel_batch),
    Route("POST", "/batches/{batch_id}/resume", batches.resume_batch),
    Route("GET", "/dead-letters", dead_letters.list_groups),
    Route("GET", "/dead-letters/{id}", dead_letters.list_letters),
    Route("POST", "/dead-letters/{id}/redrive", dead_letters.redrive),
    Route("POST", "/dead-letters/{id}/discard", dead_letters.discard),
    Route("GET", "/dead-letters/jobs/{job_id}", dead_letters.show_job),
    Route("GET", "/health", system.show_health, public=True),
    Route("GET", "/openapi.json", system.show_openapi, public=True),
)


def routes(services: Callable[[], ApiServices], authorizer: Any = None) -> Any:
    """The Blueprint. `services` is called in each request; `authorizer` is what `@app.authorizer` returned.

    Without an authorizer every route that is not public answers 401.
    """
    api = Blueprint(__name__)
    for route in ROUTES:
        # No content types for GET: it has no body to declare, and Chalice would refuse a harmless header.
        content_types = [JSON] if route.method == "POST" else []
        guard = None if route.public else authorizer
        register = api.route(route.path, methods=[route.method], content_types=content_types, authorizer=guard)
        register(_view(api, route.handler, services))
    return api


def _view(api: Any, handler: Handler, services: Callable[[], ApiServices]) -> Callable[..., Any]:
    """A view function as Chalice wants it. Its name becomes the route's, its docstring API Gateway's summary."""

    def view(**_: str) -> Any:
        request = Request.of(api.current_request.to_original_event())
        answer = _answer(handler, request, services)
        return ChaliceResponse(answer.text(), answer.all_headers(), answer.status)

    view.__name__ = handler.__name__
    view.__doc__ = handler.__doc__
    return view


def _answer(handler: Handler, request: Request, services: Callable[[], ApiServices]) -> Response:
    """What the handler answers, or the problem that its error stands for. Bugs pass through, to be logged as such."""
    try:
        return handler(request, services())
    except Problem as problem:
        return answer_of(problem, request)
    except OrderbridgeError as error:
        if isinstance(error, PermanentError) and not isinstance(error, UnknownOrder):
            logger().exception("request failed", extra={"error": type(error).__name__})
        else:
            logger().info("request not fulfilled", extra={"error": type(error).__name__})
        return answer_of(problem_of(error), request)
