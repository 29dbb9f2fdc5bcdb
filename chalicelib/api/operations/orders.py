"""Orders: their rows of the table of routes."""

from __future__ import annotations

from chalicelib.api.handlers import lists, orders
from chalicelib.api.http import problems
from chalicelib.api.http.commands import CommandIn
from chalicelib.api.operations.parameters import (
    ALL,
    COMMANDED,
    CURSOR,
    CURSOR_PATTERN,
    EXAMPLE_ORDER_CURSOR,
    IF_MATCH,
    IF_NONE_MATCH,
    INGESTERS,
    OPERATORS,
    PAGE_SIZE,
    PERIOD,
    PREFER,
    SOURCE,
    WAIT,
)
from chalicelib.api.route import BODILESS, Answered, Guarded, Route, query_parameter
from chalicelib.api.views.events import EventsView
from chalicelib.api.views.rehearsal import RehearsalView
from chalicelib.api.views.schemas import AcceptedView, OrderPageView, OrderView
from chalicelib.domain.state import Status
from chalicelib.orders.payload import OrderIn

ROUTES = (
    Route(
        "POST",
        "/orders",
        Guarded(orders.accept_order, INGESTERS),
        "Hand over an order",
        "Stores the order durably and starts its workflow. Repeat the same call as often as you like: source and "
        "external_id identify the order, the same content gets the same order_id with 200, other content gets 409. "
        "An order that was rejected or cancelled begins anew, with the same content or another: 202, and a further "
        "revision of the same order_id. Whether the customer, the prices and the totals are right is decided "
        "afterwards, and shown by the order.",
        (
            Answered(
                202,
                "Accepted: it reaches an outcome or waits visibly.",
                AcceptedView,
                ("accepted",),
                ("Location", "Retry-After", "Preference-Applied"),
            ),
            Answered(
                200,
                "Accepted before, or it has its outcome already; where it stands now. Or the answer to a dry run.",
                AcceptedView | RehearsalView,
                ("replayed", "rehearsal"),
                ("Location", "Retry-After", "Preference-Applied"),
            ),
        ),
        bodies=(OrderIn,),
        body_examples=("order", "order_on_account"),
        parameters=(
            query_parameter(
                "dry_run",
                "Only tell what would become of the order, by its form, what is stored, reference data, totals and the "
                "stock as of now. Nothing is stored, no workflow is started, the payment is not tried",
                False,
                type="boolean",
                default=False,
            ),
            WAIT,
            PREFER,
        ),
        problems=(problems.WRONG_SOURCE, problems.CONFLICT),
    ),
    Route(
        "GET",
        "/orders",
        Guarded(lists.list_orders, ALL),
        "List orders",
        "Newest first, from a read model that follows the orders by about a second; an order that is asked for by "
        "`external_id` and `source` is strongly consistent. An ingest token sees its source.",
        (Answered(200, "A page.", OrderPageView, ("page",), ("Link",)),),
        parameters=(
            query_parameter(
                "status", "Only orders that stand there", "FAILED", enum=[status.value for status in Status]
            ),
            SOURCE,
            query_parameter("external_id", "Only the order with the ERP's own number", "SO-100045", maxLength=128),
            query_parameter("customer_id", "Only orders of that customer", "C-1001", maxLength=128),
            query_parameter(
                "correlation_id",
                "Only orders that the call, or the line of a batch, with this id brought first",
                "erp-batch-42.7",
                pattern="^[A-Za-z0-9._-]{1,128}$",
            ),
            *PERIOD,
            PAGE_SIZE,
            query_parameter("cursor", CURSOR, EXAMPLE_ORDER_CURSOR, pattern=CURSOR_PATTERN),
        ),
        problems=(problems.WRONG_SOURCE,),
    ),
    Route(
        "GET",
        "/orders/{order_id}",
        Guarded(orders.show_order, ALL),
        "Where an order stands",
        "Strongly consistent. Says in words why the order stands there and what happens next.",
        (
            Answered(
                200,
                "The order.",
                OrderView,
                ("confirmed_order", "rejected_order"),
                ("ETag", "Retry-After", "Preference-Applied"),
            ),
            Answered(304, "It is still at the version of `If-None-Match`.", BODILESS, (), ("ETag",)),
        ),
        parameters=(WAIT, PREFER, IF_NONE_MATCH),
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
        parameters=(IF_MATCH,),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE, problems.MOVED),
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
        parameters=(IF_MATCH,),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE, problems.MOVED),
    ),
)
