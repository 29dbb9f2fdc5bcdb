"""Roles, parameters and answers that several routes share."""

from __future__ import annotations

from chalicelib.api.http import query
from chalicelib.api.http.waiting import MAX_WAIT_S
from chalicelib.api.route import Answered, header_parameter, query_parameter
from chalicelib.api.views.dead_letters import JobView
from chalicelib.api.views.schemas import AcceptedView
from chalicelib.auth.tokens import Role
from chalicelib.domain.cursors import encode_cursor
from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN

PAGE_SIZE = query_parameter(
    "limit", "Orders on the page", 50, type="integer", minimum=1, maximum=query.MAX_PAGE, default=query.DEFAULT_PAGE
)
WAIT = query_parameter(
    "wait",
    "Seconds to wait for the outcome; the answer comes as soon as it is there",
    10,
    type="integer",
    minimum=0,
    maximum=MAX_WAIT_S,
    default=0,
)
PREFER = header_parameter("Prefer", "`wait=N` means the same as the parameter (RFC 7240)", "wait=10")
ENTITY_TAGS = r'^(\*|(W/)?"[!#-~]*"( ?, ?(W/)?"[!#-~]*")*)$'
IF_NONE_MATCH = header_parameter(
    "If-None-Match", "The ETag that you know: 304 if it is still that", '"7"', pattern=ENTITY_TAGS
)
IF_MATCH = header_parameter(
    "If-Match", "The ETag of the order that you decide about: 412 if it has moved", '"7"', pattern=ENTITY_TAGS
)
SOURCE = query_parameter(
    "source", "Only those of that ERP", "sap-emea", pattern=NAME_PATTERN, maxLength=MAX_NAME_CHARACTERS
)
_DAY_OR_TIME = [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
PERIOD = (
    query_parameter(
        "from", "Received then or later: a day (UTC) or a time with its offset", "2026-11-23", anyOf=_DAY_OR_TIME
    ),
    query_parameter("to", "Received before", "2026-11-24T00:00:00Z", anyOf=_DAY_OR_TIME),
)
EXAMPLE_ORDER_CURSOR = encode_cursor("2026-11-23T10:15:02.125000Z#o-9zc2k4m6p8r0t2v4x6z8b1d3")
EXAMPLE_BATCH_CURSOR = encode_cursor("2026-11-23T10:15:02.125000Z#b-3f9a1c0b77de5k2m8p4q6r0t")
CURSOR_PATTERN = "^[A-Za-z0-9_-]{1,2000}$"
CURSOR = "From a `next` link; it stays valid, and orders that arrive meanwhile neither repeat nor shift any."

INGESTERS = (Role.INGEST,)
ALL = (Role.INGEST, Role.READ)
READERS = (Role.READ,)
OPERATORS = (Role.OPERATE,)
COMMANDED = Answered(202, "Set in motion.", AcceptedView, ("accepted",), ("Location", "Retry-After"))
STARTED = Answered(
    202,
    "Set in motion: the order, or the job.",
    AcceptedView | JobView,
    ("accepted", "job"),
    ("Location", "Retry-After"),
)
