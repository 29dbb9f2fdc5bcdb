"""Waiting for an order's outcome: `?wait=N`, or `Prefer: wait=N` (RFC 7240), instead of asking again and again.

API Gateway gives up after 29 s, so nobody waits longer than 20. What a wait costs is bounded: it reads the order's
events at growing intervals, at most 16 times, and occupies a function meanwhile.
"""

from __future__ import annotations

import re
from datetime import timedelta

from chalicelib.api.http.query import Parameters, WrongParameter
from chalicelib.api.http.request import Request
from chalicelib.domain.state import Order, fold
from chalicelib.ports import Clock, EventStore

MAX_WAIT_S = 20

RETRY_AFTER = {"Retry-After": "1"}
"""Of an answer about an order that is still on its way: most have their outcome within a second or two."""

FIRST_PAUSE_S, LONGEST_PAUSE_S, PAUSE_FACTOR = 0.25, 2.0, 1.3

_PREFERENCE = re.compile(r'\s*wait\s*=\s*"?([0-9]{1,9})"?\s*(?:;.*)?', re.ASCII | re.IGNORECASE | re.DOTALL)


def seconds_to_wait(request: Request, parameters: Parameters) -> tuple[int, dict[str, str]]:
    """For how long, and the header that says so. The parameter counts before the preference, which is cut down to what
    is possible and otherwise ignored, as preferences are; a wrong parameter is named by `parameters`."""
    asked = parameters.take("wait", _seconds)
    if asked is not None:
        return asked, {}
    for preference in request.headers.get("prefer", "").split(","):
        if found := _PREFERENCE.fullmatch(preference):
            wait_s = min(int(found[1]), MAX_WAIT_S)
            return wait_s, {"Preference-Applied": f"wait={wait_s}"}
    return 0, {}


def outcome_within(events: EventStore, clock: Clock, order: Order, wait_s: int) -> Order:
    """The order as soon as it has an outcome (a FAILED one waits for an operator, and is one), or after the wait."""
    until = clock.now() + timedelta(seconds=wait_s)
    pause_s = FIRST_PAUSE_S
    while order.outcome is None and (left := (until - clock.now()).total_seconds()) > 0:
        clock.sleep(min(pause_s, left))
        pause_s = min(pause_s * PAUSE_FACTOR, LONGEST_PAUSE_S)
        order = fold(events.load(order.order_id))
    return order


def _seconds(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", text, re.ASCII) or int(text) > MAX_WAIT_S:
        raise WrongParameter(f"must be whole seconds from 0 to {MAX_WAIT_S}")
    return int(text)
