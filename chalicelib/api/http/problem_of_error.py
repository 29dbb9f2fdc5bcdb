"""From an error of the domain to the problem that the caller is told. The class decides, as everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.domain.errors import (
    CircuitOpen,
    EventTooLarge,
    Moved,
    OrderbridgeError,
    Refused,
    TransientError,
    UnknownOrder,
)
from chalicelib.orders.again import OrderConflict

if TYPE_CHECKING:
    from chalicelib.orders.payload import InvalidPayload

RETRY_AFTER_SECONDS = 5
RETRY_AFTER_CIRCUIT_SECONDS = 30

UNREADABLE_DETAIL = "Something on our side needs an operator. The correlation id leads them to the cause."


def problem_of(error: OrderbridgeError) -> Problem:
    """Details of permanent errors stay inside: they name tables, settings and stored data."""
    if isinstance(error, OrderConflict):
        return _conflict(error)
    if isinstance(error, UnknownOrder):
        return Problem(problems.NOT_FOUND, "There is no order with this id.")
    if isinstance(error, Moved):
        found = [FieldError("If-Match", f'the order\'s ETag is "{error.version}" now')]
        return Problem(problems.MOVED, _sentence(str(error)), found, headers={"ETag": f'"{error.version}"'})
    if isinstance(error, Refused):
        return Problem(problems.NOT_POSSIBLE, _sentence(str(error)))
    if isinstance(error, EventTooLarge):
        return Problem(
            problems.TOO_LARGE,
            f"The order has {error.size:,} bytes as we store it and may have {error.limit:,}: split it.",
        )
    if isinstance(error, TransientError):
        return _unavailable(error)
    return Problem(problems.INTERNAL, UNREADABLE_DETAIL)


def problem_of_payload(error: InvalidPayload) -> Problem:
    """All wrong fields at once."""
    found = [FieldError(problem.field, problem.message) for problem in error.problems]
    if error.malformed:
        return Problem(problems.MALFORMED, "The body is not JSON.", found)
    return Problem(problems.VALIDATION, f"{len(found)} field(s) are wrong; each is named in `errors`.", found)


def _conflict(error: OrderConflict) -> Problem:
    differences = [
        {"field": difference.field, "accepted": difference.accepted, "sent": difference.sent}
        for difference in error.differences
    ]
    order = error.order
    fields = ", ".join(difference.field for difference in error.differences)
    return Problem(
        problems.CONFLICT,
        f"{order.content.external_id} was accepted as order {order.order_id}, and {error.advice}. "
        f"This one differs in: {fields}.",
        members={
            "order_id": order.order_id,
            "revision": order.revision,
            "order_status": order.status,
            "differences": differences,
        },
    )


def _unavailable(error: TransientError) -> Problem:
    wait = RETRY_AFTER_CIRCUIT_SECONDS if isinstance(error, CircuitOpen) else RETRY_AFTER_SECONDS
    return Problem(
        problems.UNAVAILABLE,
        "A service that we need does not answer at the moment. Nothing is lost and nothing is done twice: "
        f"repeat the very same request in {wait} seconds.",
        headers={"Retry-After": str(wait)},
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
