"""The examples of the OpenAPI document, made by the code that makes the real answers, so that they cannot be wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import __version__
from chalicelib.acknowledgements.callback import outcome_document
from chalicelib.api.http import problems
from chalicelib.api.http.problem_of_error import problem_of
from chalicelib.api.http.problems import FieldError, Problem, ProblemType
from chalicelib.api.openapi.batch_examples import batch_examples
from chalicelib.api.operations.parameters import EXAMPLE_ORDER_CURSOR
from chalicelib.api.views.dead_letters import group_view, job_view, letter_view
from chalicelib.api.views.events import event_view
from chalicelib.api.views.orders import accepted, order_view, row_view
from chalicelib.api.views.rehearsal import rehearsal
from chalicelib.domain.errors import DependencyUnavailable, EventTooLarge, Moved, Reason, Refused
from chalicelib.domain.events import (
    Event,
    InventoryReserved,
    OrderConfirmed,
    OrderReceived,
    OrderRejected,
    OrderValidated,
    PaymentCaptured,
    RecordedEvent,
    RejectionDecided,
)
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.money import Money
from chalicelib.domain.state import Order, Status, fold
from chalicelib.orders.again import OrderConflict, differences
from chalicelib.orders.payload import parse_order
from chalicelib.orders.rehearse import Rehearsal, SkuNow, Would
from chalicelib.ports import DeadLetter, DeadLetterGroup, OrderRow
from chalicelib.recovery.group_jobs import Action, Job

CORRELATION_ID = "7f0c2f1e-5a34-4a7b-9a55-2f6f3c9d1e10"
BEGIN = datetime(2026, 11, 23, 10, 15, 2, 125000, tzinfo=UTC)
FINGERPRINT = "3f9a1c0b77de"

ORDER: dict[str, Any] = {
    "source": "sap-emea",
    "external_id": "SO-100045",
    "ordered_at": "2026-11-23T10:15:00Z",
    "customer_id": "C-1001",
    "currency": "EUR",
    "lines": [{"line": 1, "sku": "WIDGET-1", "quantity": 3, "unit_price": "12.50", "tax_rate": "0.20"}],
    "total": "45.00",
    "payment": {"method": "card", "token": "pm_card_visa"},
    "ship_to": {
        "name": "Nordlicht Handel GmbH",
        "address": "Hafenstr. 12",
        "city": "Hamburg",
        "postal_code": "20457",
        "country": "DE",
    },
}

CONTENT = parse_order(ORDER)
TOTAL = Money.parse("45.00", "EUR")


def _recorded(*events: Event) -> list[RecordedEvent]:
    return [
        RecordedEvent(
            order_id=CONTENT.order_id,
            sequence=number,
            event=event,
            recorded_at=BEGIN + timedelta(milliseconds=400 * number),
            correlation_id=CORRELATION_ID,
            source=CONTENT.source,
            step=step,
            token=f"example-{number}",
        )
        for number, (event, step) in enumerate(zip(events, _STEPS, strict=False), start=1)
    ]


_STEPS = ("Intake", "ValidateOrder", "ReserveInventory", "CapturePayment", "ConfirmOrder")

_RECEIVED = OrderReceived(CONTENT, CONTENT.payload_hash())
_SHORT = (Reason("unknown_sku", "line 1: WIDGET-1 is not in the catalogue", "lines[0].sku"),)

CONFIRMED = _recorded(
    _RECEIVED,
    OrderValidated({"customers": "9b2f41", "products": "c01d77"}),
    InventoryReserved({"WIDGET-1": 3}),
    PaymentCaptured("pi_3PqZ", TOTAL, "stripe"),
    OrderConfirmed("CN-2026-000123"),
)
REJECTED = _recorded(_RECEIVED, RejectionDecided("ValidateOrder", "InvalidOrder", _SHORT), OrderRejected(_SHORT))


def examples() -> dict[str, Any]:
    """Name -> body, for requests and good answers."""
    confirmed, failed = fold(CONFIRMED), _failed()
    return {
        "order": ORDER,
        "order_on_account": {**ORDER, "external_id": "SO-100046", "payment": {"method": "on_account"}},
        "command": {"reason": "The customer called", "by": "M. Ito"},
        "group_command": {"reason": "The payment provider is back", "rate_per_s": 20},
        **batch_examples(ORDER, BEGIN),
        "accepted": accepted(CONTENT.order_id, Status.RECEIVED, CORRELATION_ID),
        "replayed": accepted(CONTENT.order_id, Status.CONFIRMED, CORRELATION_ID),
        "rehearsal": rehearsal(CONTENT, _rehearsed()),
        "confirmed_order": order_view(confirmed),
        "rejected_order": order_view(fold(REJECTED)),
        "events": {"order_id": CONTENT.order_id, "events": [event_view(x, show_address=False) for x in CONFIRMED]},
        "page": _page(confirmed),
        "order_ended": outcome_document(confirmed),
        "groups": {"groups": [group_view(_group(failed))], "jobs": [job_view(_job())]},
        "letters": {
            "letters": [letter_view(DeadLetter(failed))],
            "next_cursor": None,
            "links": {"self": f"/dead-letters/{FINGERPRINT}"},
        },
        "job": job_view(_job()),
        "health": {
            "status": "degraded",
            "version": __version__,
            "checks": [{"name": "payment", "status": "degraded", "detail": "circuit open since 10:15:02Z"}],
        },
    }


def problem_example(kind: ProblemType) -> dict[str, Any]:
    """A problem document of that kind."""
    problem = _SPECIAL.get(kind) or Problem(kind, kind.remedy)
    return problem.document("/api/orders", CORRELATION_ID)


_SPECIAL = {
    problems.VALIDATION: Problem(
        problems.VALIDATION,
        "2 field(s) are wrong; each is named in `errors`.",
        [
            FieldError("lines[0].quantity", "Input should be greater than or equal to 1"),
            FieldError("total", 'must be a plain decimal number such as "12.50"'),
        ],
    ),
    problems.MOVED: problem_of(Moved(8)),
    problems.CONFLICT: problem_of(
        OrderConflict(
            fold(CONFIRMED),
            differences(CONTENT, replace(CONTENT, total=Money.parse("54.00", "EUR"))),
            "it is CONFIRMED and on its way; a further order needs an external_id of its own",
        )
    ),
    problems.TOO_LARGE: problem_of(EventTooLarge(412_345, 400_000)),
    problems.NOT_POSSIBLE: problem_of(Refused("the order is confirmed and on its way; arrange a return instead")),
    problems.UNAVAILABLE: problem_of(DependencyUnavailable("DynamoDB", "throttled")),
}


def _rehearsed() -> Rehearsal:
    versions = {"customers": "9b2f41", "products": "c01d77"}
    return Rehearsal(Would.ACCEPT, 1, _SHORT, (TOTAL,), (SkuNow("WIDGET-1", 3, 120),), versions)


def _page(order: Order) -> dict[str, Any]:
    return {
        "orders": [row_view(OrderRow.of(order))],
        "next_cursor": EXAMPLE_ORDER_CURSOR,
        "links": {"self": "/orders?limit=1", "next": f"/orders?limit=1&cursor={EXAMPLE_ORDER_CURSOR}"},
    }


def _failed() -> FailedOrder:
    return FailedOrder(
        CONTENT.order_id,
        CORRELATION_ID,
        CONTENT.source,
        1,
        "CapturePayment",
        "DependencyTimeout",
        "payment did not answer: read timeout",
        FINGERPRINT,
        BEGIN,
    )


def _group(failed: FailedOrder) -> DeadLetterGroup:
    return DeadLetterGroup(
        FINGERPRINT, failed.step, failed.error, failed.message, BEGIN, BEGIN + timedelta(minutes=3), 12
    )


def _job() -> Job:
    return Job(
        job_id="20261123T101502125000-1f2e3d4c",
        fingerprint=FINGERPRINT,
        action=Action.REDRIVE,
        rate_per_s=20,
        by="M. Ito (token abcdefghijkl)",
        reason="The payment provider is back",
        total=12,
        requested_at=BEGIN,
        done=7,
    )
