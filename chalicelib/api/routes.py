"""The one table of routes: who may call each, what handles it, and what the OpenAPI document says about it.

Routing, roles and the document read the same row. The module is imported by the API's own function only (`app.py`),
because its models cost a cold start 100 ms; what the document alone needs (examples, schemas) is not imported here.
"""

from __future__ import annotations

from chalicelib.api.handlers import batches, dead_letters, lists, orders, system
from chalicelib.api.handlers.batches import BatchIn, CancelBatchIn
from chalicelib.api.handlers.system import HealthView
from chalicelib.api.http import problems, query
from chalicelib.api.http.commands import CommandIn, GroupCommandIn
from chalicelib.api.route import Answered, Guarded, Public, Route, query_parameter
from chalicelib.api.views.batches import BatchPageView, BatchView
from chalicelib.api.views.dead_letters import GroupsView, JobView, LettersView
from chalicelib.api.views.events import EventsView
from chalicelib.api.views.schemas import AcceptedView, OrderPageView, OrderView
from chalicelib.auth.tokens import Role
from chalicelib.batches.model import BatchState
from chalicelib.domain.cursors import encode_cursor
from chalicelib.domain.names import MAX_NAME_CHARACTERS, NAME_PATTERN
from chalicelib.domain.state import Status
from chalicelib.orders.payload import OrderIn

_PAGE_SIZE = query_parameter(
    "limit", "Orders on the page", 50, type="integer", minimum=1, maximum=query.MAX_PAGE, default=query.DEFAULT_PAGE
)
_SOURCE = query_parameter(
    "source", "Only those of that ERP", "sap-emea", pattern=NAME_PATTERN, maxLength=MAX_NAME_CHARACTERS
)
_PERIOD = (
    query_parameter("from", "Received then or later: a day (UTC) or a time with its offset", "2026-11-23"),
    query_parameter("to", "Received before", "2026-11-24T00:00:00Z"),
)
EXAMPLE_ORDER_CURSOR = encode_cursor("2026-11-23T10:15:02.125000Z#o-9zc2k4m6p8r0t2v4x6z8b1d3")
EXAMPLE_BATCH_CURSOR = encode_cursor("2026-11-23T10:15:02.125000Z#b-3f9a1c0b77de5k2m8p4q6r0t")
_CURSOR = "From a `next` link; it stays valid, and orders that arrive meanwhile neither repeat nor shift any."

INGESTERS = (Role.INGEST,)
ALL = (Role.INGEST, Role.READ)
READERS = (Role.READ,)
OPERATORS = (Role.OPERATE,)
COMMANDED = Answered(202, "Set in motion.", AcceptedView, ("accepted",), ("Location",))
STARTED = Answered(
    202, "Set in motion: the order, or the job.", AcceptedView | JobView, ("accepted", "job"), ("Location",)
)

ROUTES = (
    Route(
        "POST",
        "/orders",
        Guarded(orders.accept_order, INGESTERS),
        "Hand over an order",
        "Stores the order durably and starts its workflow. Repeat the same call as often as you like: source and "
        "external_id identify the order, the same content gets the same order_id with 200, other content gets 409. "
        "Whether the customer, the prices and the totals are right is decided afterwards, and shown by the order.",
        (
            Answered(
                202, "Accepted: it reaches an outcome or waits visibly.", AcceptedView, ("accepted",), ("Location",)
            ),
            Answered(
                200,
                "Accepted before; where it stands now.",
                AcceptedView,
                ("replayed",),
                ("Location",),
            ),
        ),
        bodies=(OrderIn,),
        body_examples=("order", "order_on_account"),
        problems=(problems.WRONG_SOURCE, problems.CONFLICT),
    ),
    Route(
        "GET",
        "/orders",
        Guarded(lists.list_orders, ALL),
        "List orders",
        "Newest first, from a read model that follows the orders by about a second; an order that is asked for by "
        "`external_id` and `source` is strongly consistent. An ingest token sees its source.",
        (Answered(200, "A page.", OrderPageView, ("page",)),),
        parameters=(
            query_parameter(
                "status", "Only orders that stand there", "FAILED", enum=[status.value for status in Status]
            ),
            _SOURCE,
            query_parameter("external_id", "Only the order with the ERP's own number", "SO-100045", maxLength=128),
            query_parameter("customer_id", "Only orders of that customer", "C-1001", maxLength=128),
            query_parameter(
                "correlation_id",
                "Only orders that the call, or the line of a batch, with this id brought first",
                "erp-batch-42.7",
                pattern="^[A-Za-z0-9._-]{1,128}$",
            ),
            *_PERIOD,
            _PAGE_SIZE,
            query_parameter("cursor", _CURSOR, EXAMPLE_ORDER_CURSOR),
        ),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/orders/{order_id}",
        Guarded(orders.show_order, ALL),
        "Where an order stands",
        "Strongly consistent. Says in words why the order stands there and what happens next.",
        (Answered(200, "The order.", OrderView, ("confirmed_order", "rejected_order")),),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "GET",
        "/orders/{order_id}/events",
        Guarded(orders.show_events, ALL),
        "What happened to an order",
        "Every event, in sequence. Payment tokens are masked; names and addresses are shown to operators only.",
        (Answered(200, "The events.", EventsView, ("events",)),),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "POST",
        "/orders/{order_id}/cancel",
        Guarded(orders.cancel_order, OPERATORS),
        "Cancel an order",
        "Undoes what was done and closes the order. A step that runs at the moment finishes first. A FAILED order is "
        "abandoned in the same way.",
        (COMMANDED,),
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "POST",
        "/orders/{order_id}/redrive",
        Guarded(orders.redrive_order, OPERATORS),
        "Try a FAILED order again",
        "Goes on where the order stands: what was done is not done again.",
        (COMMANDED,),
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "POST",
        "/batches",
        Guarded(batches.create_batch, INGESTERS),
        "Hand over many orders",
        "With `orders`: stores and starts them. With `format`: answers with a form to send a file to; a finished "
        "upload starts the batch by itself. The same content is the same batch, so that sending it again is safe, and "
        "goes on with a batch that was stopped. Every order goes the same way as through `POST /orders`.",
        (
            Answered(
                202,
                "Taken, or: send the file there.",
                BatchView,
                ("batch_running", "upload_offered"),
                ("Location",),
            ),
            Answered(200, "Handed over before.", BatchView, ("batch_done",), ("Location",)),
        ),
        bodies=(BatchIn,),
        body_examples=("batch_of_orders", "batch_of_file"),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/batches",
        Guarded(lists.list_batches, ALL),
        "List batches",
        "Newest first, strongly consistent; with uploads that have not become a batch. Batches are kept for 90 days. "
        "An ingest token sees its source.",
        (Answered(200, "A page.", BatchPageView, ("batch_page",)),),
        parameters=(
            query_parameter(
                "state", "Only batches that stand there", "RUNNING", enum=[state.value for state in BatchState]
            ),
            _SOURCE,
            *_PERIOD,
            _PAGE_SIZE,
            query_parameter("cursor", _CURSOR, EXAMPLE_BATCH_CURSOR),
        ),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/batches/{batch_id}",
        Guarded(batches.show_batch, ALL),
        "How far a batch is",
        "The accounting is consistent at every moment. An ingest token sees its source. Takes the id of an upload too.",
        (Answered(200, "The batch.", BatchView, ("batch_running", "batch_done")),),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "POST",
        "/batches/{batch_id}/cancel",
        Guarded(batches.cancel_batch, OPERATORS),
        "Cancel a batch",
        "No further line is handed over. Orders that run go on to their outcome, or are cancelled too.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location",)),),
        bodies=(CancelBatchIn,),
        body_examples=("cancel_batch",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "POST",
        "/batches/{batch_id}/resume",
        Guarded(batches.resume_batch, OPERATORS),
        "Go on with a batch",
        "Goes on where a batch was killed, cancelled or left incomplete. Of a complete one, makes the report anew.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location",)),),
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "GET",
        "/dead-letters",
        Guarded(dead_letters.list_groups, READERS),
        "What waits for an operator",
        "Orders that failed for technical reasons, grouped by cause, and the jobs that work on groups.",
        (Answered(200, "The groups.", GroupsView, ("groups",)),),
    ),
    Route(
        "GET",
        "/dead-letters/{id}",
        Guarded(dead_letters.list_letters, READERS),
        "The orders of a group",
        "`id` is the group's fingerprint.",
        (Answered(200, "A page of the group.", LettersView, ("letters",)),),
        parameters=(_PAGE_SIZE, query_parameter("cursor", _CURSOR, "o-0123456789abcdefghjkmnpq")),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "POST",
        "/dead-letters/{id}/redrive",
        Guarded(dead_letters.redrive, OPERATORS),
        "Try failed orders again",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (STARTED,),
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "POST",
        "/dead-letters/{id}/discard",
        Guarded(dead_letters.discard, OPERATORS),
        "Undo and close failed orders",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (STARTED,),
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Route(
        "GET",
        "/dead-letters/jobs/{job_id}",
        Guarded(dead_letters.show_job, READERS),
        "How far a job is",
        "`finished_at` is null while it works.",
        (Answered(200, "The job.", JobView, ("job",)),),
        problems=(problems.NOT_FOUND,),
    ),
    Route(
        "GET",
        "/health",
        Public(system.show_health),
        "Is it up",
        "No token needed. 200 also when degraded: orders are taken in all the same.",
        (Answered(200, "The state of the system.", HealthView, ("health",)),),
    ),
    Route(
        "GET",
        "/openapi.json",
        Public(system.show_openapi),
        "This document",
        "No token needed.",
        (Answered(200, "The OpenAPI document of the running version.", None),),
    ),
)

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""All that API Gateway passes on; any other is unknown to it on every path."""


def served(method: str) -> list[str]:
    """The methods that a route of this method answers: whoever may GET may ask for the head of it alone."""
    return [method, "HEAD"] if method == "GET" else [method]


def allowed_methods(path: str) -> list[str]:
    """For the header `Allow`."""
    return [*(method for route in ROUTES if route.path == path for method in served(route.method)), "OPTIONS"]
