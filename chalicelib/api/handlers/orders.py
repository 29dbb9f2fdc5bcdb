"""Orders: take one in, show where it stands, list them, cancel and redrive."""

from __future__ import annotations

import re

from chalicelib.api.access import may_see
from chalicelib.api.http import problems
from chalicelib.api.http.body import json_object
from chalicelib.api.http.commands import CommandIn, command
from chalicelib.api.http.preconditions import answer_unless_known, wanted_versions
from chalicelib.api.http.problem_of_error import problem_of_payload
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.query import Parameters, yes_or_no
from chalicelib.api.http.request import Request, Response
from chalicelib.api.http.waiting import RETRY_AFTER, outcome_within, seconds_to_wait
from chalicelib.api.services import ApiServices
from chalicelib.api.views.events import EventsView, event_view
from chalicelib.api.views.orders import accepted, order_view
from chalicelib.api.views.rehearsal import rehearsal
from chalicelib.auth.tokens import Principal, Role
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import IN_PROGRESS, Order, Status, fold
from chalicelib.observability import logger
from chalicelib.orders.payload import InvalidPayload, parse_order
from chalicelib.recovery.close_dead_letter import close_dead_letter

ORDER_ID = re.compile(r"o-[0-9a-z]{24}\Z", re.ASCII)


def accept_order(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /orders`: 202 once and for a new revision, 200 for a repeat, with the same order id; 200 for a dry run, and
    if the outcome is there in time."""
    parameters = Parameters(request.query)
    wait_s, applied = seconds_to_wait(request, parameters)
    dry_run = parameters.take("dry_run", yes_or_no)
    parameters.done()
    content = _order(request, services)
    if content.source != principal.source:
        raise Problem(
            problems.WRONG_SOURCE,
            f"This token may post orders of {principal.source} only.",
            [FieldError("source", f"must be {principal.source}")],
        )
    if dry_run:
        return Response(200, rehearsal(content, services.rehearse(content)))
    taken = services.intake.accept(content, request.correlation_id)
    logger().info(
        "order accepted", extra={"order_id": taken.order_id, "replayed": taken.replayed, "started": taken.started}
    )
    status = taken.status
    if wait_s:
        order = fold(services.events.load(taken.order_id))
        status = outcome_within(services.events, services.clock, order, wait_s).status
    view = accepted(taken.order_id, status, taken.correlation_id, taken.revision)
    headers = {"Location": request.reference(view["links"]["self"]), **applied, **_retry_after(status)}
    if taken.replayed:
        return Response(200, view, {**headers, "Idempotent-Replayed": "true"})
    return Response(202 if status in IN_PROGRESS else 200, view, headers)


def show_order(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`GET /orders/{order_id}`, from the events: strongly consistent; 304 if the caller has that version."""
    parameters = Parameters(request.query)
    wait_s, applied = seconds_to_wait(request, parameters)
    parameters.done()
    order = outcome_within(services.events, services.clock, _visible_order(request, services, principal), wait_s)
    answer = Response(200, order_view(order), {**applied, **_retry_after(order.status)})
    return answer_unless_known(request, order, answer)


def show_events(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`GET /orders/{order_id}/events`. Operators see whom it is delivered to."""
    Parameters(request.query).done()
    recorded = services.events.load(_order_id(request))
    if not recorded or not may_see(principal, recorded[0].source):
        raise _no_such_order()
    show_address = principal.role is Role.OPERATE
    view: EventsView = {
        "order_id": recorded[0].order_id,
        "events": [event_view(event, show_address) for event in recorded],
    }
    return Response(200, view)


def cancel_order(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /orders/{order_id}/cancel`: 202, or 409 with the reason why it is too late."""
    asked = command(request, CommandIn)
    versions = wanted_versions(request)
    order = services.commands.cancel(_order_id(request), asked.actor(principal), asked.reason, versions)
    return commanded(request, services, order)


def redrive_order(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /orders/{order_id}/redrive`: the next attempt of a FAILED order, going on where it stands."""
    asked = command(request, CommandIn)
    versions = wanted_versions(request)
    order = services.commands.redrive(_order_id(request), asked.actor(principal), asked.reason, versions)
    return commanded(request, services, order)


def commanded(request: Request, services: ApiServices, order: Order) -> Response:
    """A command was carried out on the order: its dead letter, if it had one, is settled."""
    close_dead_letter(services.letters, order)
    logger().info("order commanded", extra={"order_id": order.order_id, "status": order.status.value})
    view = accepted(order.order_id, order.status, order.correlation_id, order.revision)
    return Response(202, view, {"Location": request.reference(view["links"]["self"]), **RETRY_AFTER})


def _retry_after(status: Status) -> dict[str, str]:
    return RETRY_AFTER if status in IN_PROGRESS else {}


def _order(request: Request, services: ApiServices) -> OrderContent:
    body = json_object(request, services.limits.max_body_bytes)
    try:
        return parse_order(body, services.clock.now())
    except InvalidPayload as error:
        raise problem_of_payload(error) from None


def _order_id(request: Request) -> str:
    """Anything that cannot be an id of ours is not looked for: the store's keys have limits."""
    asked_for = request.params["order_id"]
    if not ORDER_ID.match(asked_for):
        raise _no_such_order()
    return asked_for


def _visible_order(request: Request, services: ApiServices, principal: Principal) -> Order:
    recorded = services.events.load(_order_id(request))
    if not recorded or not may_see(principal, recorded[0].source):
        raise _no_such_order()
    return fold(recorded)


def _no_such_order() -> Problem:
    """The same for an order of another source: an ingest token does not learn what others have sent."""
    return Problem(problems.NOT_FOUND, "There is no order with this id.")
