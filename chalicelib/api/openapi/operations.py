"""What the OpenAPI document says about each route: words, bodies, answers. Shapes come from the code's own types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.api.handlers.batches import BatchIn, CancelBatchIn
from chalicelib.api.handlers.system import HealthView
from chalicelib.api.http import problems, query
from chalicelib.api.http.commands import CommandIn, GroupCommandIn
from chalicelib.api.http.problems import ProblemType
from chalicelib.api.views.batches import BatchView
from chalicelib.api.views.dead_letters import GroupsView, JobView, LettersView
from chalicelib.api.views.events import EventsView
from chalicelib.api.views.schemas import AcceptedView, OrderPageView, OrderView
from chalicelib.auth.tokens import Role
from chalicelib.domain.state import Status
from chalicelib.orders.payload import OrderIn


@dataclass(frozen=True, slots=True)
class Answered:
    """A good answer. `view` is its typed dictionary (None: any object), `examples` names of `openapi_examples`."""

    status: int
    description: str
    view: Any
    examples: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One route. `problems` are those beyond what its roles, body and parameters bring with them."""

    method: str
    path: str
    summary: str
    description: str
    answers: tuple[Answered, ...]
    roles: tuple[Role, ...] = ()
    bodies: tuple[type[Any], ...] = ()
    body_examples: tuple[str, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    problems: tuple[ProblemType, ...] = ()


def _query(name: str, description: str, example: Any, **schema: Any) -> dict[str, Any]:
    schema = {"type": "string", **schema}
    return {"name": name, "in": "query", "description": description, "schema": schema, "example": example}


_PAGE_SIZE = _query(
    "limit", "Orders on the page", 50, type="integer", minimum=1, maximum=query.MAX_PAGE, default=query.DEFAULT_PAGE
)
_CURSOR = "From a `next` link; it stays valid, and orders that arrive meanwhile neither repeat nor shift any."

READERS = (Role.INGEST, Role.READ, Role.OPERATE)
OPERATORS = (Role.OPERATE,)
COMMANDED = Answered(202, "Set in motion.", AcceptedView, ("accepted",), ("Location",))

OPERATIONS = (
    Operation(
        "POST",
        "/orders",
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
                ("Location", "Idempotent-Replayed"),
            ),
        ),
        roles=(Role.INGEST,),
        bodies=(OrderIn,),
        body_examples=("order", "order_on_account"),
        problems=(problems.WRONG_SOURCE, problems.CONFLICT),
    ),
    Operation(
        "GET",
        "/orders",
        "List orders",
        "Newest first, from a read model that follows the orders by about a second. An ingest token sees its source.",
        (Answered(200, "A page.", OrderPageView, ("page",)),),
        roles=READERS,
        parameters=(
            _query("status", "Only orders that stand there", "FAILED", enum=[status.value for status in Status]),
            _query("source", "Only orders of that ERP", "sap-emea"),
            _query("from", "Received then or later: a day (UTC) or a time with its offset", "2026-11-23"),
            _query("to", "Received before", "2026-11-24T00:00:00Z"),
            _PAGE_SIZE,
            _query("cursor", _CURSOR, "MTIwMjYtMTEtMjM"),
        ),
        problems=(problems.WRONG_SOURCE,),
    ),
    Operation(
        "GET",
        "/orders/{order_id}",
        "Where an order stands",
        "Strongly consistent. Says in words why the order stands there and what happens next.",
        (Answered(200, "The order.", OrderView, ("confirmed_order", "rejected_order")),),
        roles=READERS,
        problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/orders/{order_id}/events",
        "What happened to an order",
        "Every event, in sequence. Payment tokens are masked; names and addresses are shown to operators only.",
        (Answered(200, "The events.", EventsView, ("events",)),),
        roles=READERS,
        problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/orders/{order_id}/cancel",
        "Cancel an order",
        "Undoes what was done and closes the order. A step that runs at the moment finishes first. A FAILED order is "
        "abandoned in the same way.",
        (COMMANDED,),
        roles=OPERATORS,
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "POST",
        "/orders/{order_id}/redrive",
        "Try a FAILED order again",
        "Goes on where the order stands: what was done is not done again.",
        (COMMANDED,),
        roles=OPERATORS,
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "POST",
        "/batches",
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
            Answered(200, "Handed over before.", BatchView, ("batch_done",), ("Location", "Idempotent-Replayed")),
        ),
        roles=(Role.INGEST,),
        bodies=(BatchIn,),
        body_examples=("batch_of_orders", "batch_of_file"),
        problems=(problems.WRONG_SOURCE,),
    ),
    Operation(
        "GET",
        "/batches/{batch_id}",
        "How far a batch is",
        "The accounting is consistent at every moment. An ingest token sees its source. Takes the id of an upload too.",
        (Answered(200, "The batch.", BatchView, ("batch_running", "batch_done")),),
        roles=READERS,
        problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/batches/{batch_id}/cancel",
        "Cancel a batch",
        "No further line is handed over. Orders that run go on to their outcome, or are cancelled too.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location",)),),
        roles=OPERATORS,
        bodies=(CancelBatchIn,),
        body_examples=("cancel_batch",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "POST",
        "/batches/{batch_id}/resume",
        "Go on with a batch",
        "Goes on where a batch was killed, cancelled or left incomplete. Of a complete one, makes the report anew.",
        (Answered(202, "Set in motion.", BatchView, ("batch_running",), ("Location",)),),
        roles=OPERATORS,
        bodies=(CommandIn,),
        body_examples=("command",),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "GET",
        "/dead-letters",
        "What waits for an operator",
        "Orders parked by technical failures, grouped by cause, and the jobs that work on groups.",
        (Answered(200, "The groups.", GroupsView, ("groups",)),),
        roles=(Role.READ, Role.OPERATE),
    ),
    Operation(
        "GET",
        "/dead-letters/{id}",
        "The orders of a group",
        "`id` is the group's fingerprint.",
        (Answered(200, "A page of the group.", LettersView, ("letters",)),),
        roles=(Role.READ, Role.OPERATE),
        parameters=(_PAGE_SIZE, _query("cursor", _CURSOR, "o-0123456789abcdefghjkmnpq")),
        problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "POST",
        "/dead-letters/{id}/redrive",
        "Try parked orders again",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (
            Answered(
                202, "Set in motion: the order, or the job.", AcceptedView | JobView, ("accepted", "job"), ("Location",)
            ),
        ),
        roles=OPERATORS,
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "POST",
        "/dead-letters/{id}/discard",
        "Undo and close parked orders",
        "With an order's id: that order. With a fingerprint: the whole group, at the stated rate, as a job.",
        (
            Answered(
                202, "Set in motion: the order, or the job.", AcceptedView | JobView, ("accepted", "job"), ("Location",)
            ),
        ),
        roles=OPERATORS,
        bodies=(CommandIn, GroupCommandIn),
        body_examples=("command", "group_command"),
        problems=(problems.NOT_FOUND, problems.NOT_POSSIBLE),
    ),
    Operation(
        "GET",
        "/dead-letters/jobs/{job_id}",
        "How far a job is",
        "`finished_at` is null while it works.",
        (Answered(200, "The job.", JobView, ("job",)),),
        roles=(Role.READ, Role.OPERATE),
        problems=(problems.NOT_FOUND,),
    ),
    Operation(
        "GET",
        "/health",
        "Is it up",
        "No token needed. 200 also when degraded: orders are taken in all the same.",
        (Answered(200, "The state of the system.", HealthView, ("health",)),),
    ),
    Operation(
        "GET",
        "/openapi.json",
        "This document",
        "No token needed.",
        (Answered(200, "The OpenAPI document of the running version.", None),),
    ),
)
