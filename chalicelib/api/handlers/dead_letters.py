"""Dead letters: orders that failed for technical reasons, grouped by cause, for an operator's triage.

`{id}` is the fingerprint of a group (12 hex digits) or the id of one order; the two cannot be confused.
"""

from __future__ import annotations

import re

from chalicelib.api.handlers.orders import commanded
from chalicelib.api.http import problems
from chalicelib.api.http.commands import CommandIn, GroupCommandIn, command
from chalicelib.api.http.preconditions import wanted_versions
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.query import DEFAULT_PAGE, Parameters, WrongParameter, page_size
from chalicelib.api.http.request import Request, Response, link_header
from chalicelib.api.http.waiting import RETRY_AFTER
from chalicelib.api.services import ApiServices
from chalicelib.api.views.dead_letters import GroupsView, LettersView, group_view, job_view, letter_view
from chalicelib.auth.tokens import Principal
from chalicelib.domain.ids import is_order_id
from chalicelib.recovery.group_jobs import Action

RECENT_JOBS = 20
_FINGERPRINT = re.compile(r"[0-9a-f]{12}\Z", re.ASCII)
_JOB_ID = re.compile(r"[0-9A-Za-z-]{1,64}\Z", re.ASCII)


def list_groups(request: Request, services: ApiServices, _: Principal) -> Response:
    """`GET /dead-letters`: the groups, and the jobs that work on them."""
    Parameters(request.query).done()
    view: GroupsView = {
        "groups": [group_view(group) for group in services.letters.groups()],
        "jobs": [job_view(job) for job in services.jobs.jobs.latest(RECENT_JOBS)],
    }
    return Response(200, view)


def list_letters(request: Request, services: ApiServices, _: Principal) -> Response:
    """`GET /dead-letters/{id}`: the orders of a group, by order id."""
    fingerprint = request.params["id"]
    if not _FINGERPRINT.match(fingerprint):
        raise _no_such_letter()
    parameters = Parameters(request.query)
    limit = parameters.take("limit", page_size) or DEFAULT_PAGE
    after = parameters.take("cursor", _after) or ""
    parameters.done()
    letters = services.letters.in_group(fingerprint, limit + 1, after)
    own = f"/dead-letters/{fingerprint}"
    cursor = letters[limit - 1].failed.order_id if len(letters) > limit else None
    view: LettersView = {
        "letters": [letter_view(x) for x in letters[:limit]],
        "next_cursor": cursor,
        "links": {"self": own},
    }
    if cursor:
        view["links"]["next"] = f"{own}?limit={limit}&cursor={cursor}"
    return Response(200, view, link_header(request, view["links"]))


def redrive(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /dead-letters/{id}/redrive`."""
    return _act(request, services, principal, Action.REDRIVE)


def discard(request: Request, services: ApiServices, principal: Principal) -> Response:
    """`POST /dead-letters/{id}/discard`: undo and close."""
    return _act(request, services, principal, Action.DISCARD)


def show_job(request: Request, services: ApiServices, _: Principal) -> Response:
    """`GET /dead-letters/jobs/{job_id}`: how far a group's job is."""
    Parameters(request.query).done()
    job_id = request.params["job_id"]
    job = services.jobs.jobs.load(job_id) if _JOB_ID.match(job_id) else None
    if job is None:
        raise Problem(problems.NOT_FOUND, "There is no job with this id.")
    return Response(200, job_view(job))


def _act(request: Request, services: ApiServices, principal: Principal, action: Action) -> Response:
    target = request.params["id"]
    if _FINGERPRINT.match(target):
        return _act_on_group(request, services, action, principal)
    if is_order_id(target):
        asked, commands = command(request, CommandIn), services.commands
        act = commands.redrive if action is Action.REDRIVE else commands.give_up
        order = act(target, asked.actor(principal), asked.reason, wanted_versions(request))
        return commanded(request, services, order)
    raise _no_such_letter()


def _act_on_group(request: Request, services: ApiServices, action: Action, principal: Principal) -> Response:
    asked = command(request, GroupCommandIn)
    if wanted_versions(request) is not None:
        raise Problem(problems.MOVED, "A group has no ETag.", [FieldError("If-Match", "is for a single order")])
    job = services.jobs.request(request.params["id"], action, asked.rate_per_s, asked.actor(principal), asked.reason)
    if job is None:
        raise _no_such_letter()
    view = job_view(job)
    return Response(202, view, {"Location": request.reference(view["links"]["self"]), **RETRY_AFTER})


def _after(text: str) -> str:
    if not is_order_id(text):
        raise WrongParameter("must be the cursor of a `next` link, unchanged")
    return text


def _no_such_letter() -> Problem:
    return Problem(problems.NOT_FOUND, "There is no open dead letter, and no group of them, with this id.")
