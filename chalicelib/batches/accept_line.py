"""One line of a file through the one accept(), and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.batches.model import LineOutcome, LineResult, correlation_id_of
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.domain.errors import EventTooLarge
from chalicelib.domain.order import OrderContent
from chalicelib.orders.accept import Intake
from chalicelib.orders.again import Difference, OrderConflict, Terms
from chalicelib.orders.payload import InvalidPayload, parse_order

CHANNEL = "batch"
MAX_ERRORS = 20
"""Named of one line."""


@dataclass(frozen=True, slots=True)
class AcceptLine:
    """May be repeated for a line: a revision of an order is accepted by the line that brought it, whoever asks again.

    That is known from the correlation id in the event that brought it, so no crash can blur it. An order that was
    closed without delivery begins anew by a line of another file; within a file a number is one order.
    """

    intake: Intake

    def __call__(self, batch_id: str, record: FileRecord, content: OrderContent) -> LineResult:
        """Raises TransientError: the line was not handed over for sure, and must be again."""
        own = correlation_id_of(batch_id, record.line)
        try:
            accepted = self.intake.accept(content, own, CHANNEL, terms_of(batch_id))
        except OrderConflict as conflict:
            return _conflict(record, content.external_id, conflict)
        except EventTooLarge as error:
            return _invalid(record, content.external_id, (("", str(error)),))
        outcome = LineOutcome.ACCEPTED if accepted.correlation_id == own else LineOutcome.DUPLICATE
        return LineResult(
            record.line,
            content.external_id,
            outcome,
            accepted.order_id,
            last_line=record.last_line,
            revision=accepted.revision,
        )


def read_line(source: str, record: FileRecord, now: datetime | None = None) -> OrderContent | LineResult:
    """The order of a line; its result at once if it is none of `source`. `now` bounds how far ahead it may be dated."""
    if record.problems:
        return _invalid(record, record.external_id, record.problems)
    try:
        content = parse_order(record.text, now)
    except InvalidPayload as error:
        problems = tuple((problem.field, problem.message) for problem in error.problems)
        return _invalid(record, record.external_id or _external_id(record.text), problems)
    if content.source != source:
        return _invalid(record, content.external_id, (("source", f"must be {source}, as for the whole file"),))
    return content


def terms_of(batch_id: str) -> Terms:
    """On which a line of this batch is accepted."""
    return Terms(once=True, file=f"{batch_id}.")


def conflict_errors(differences: Iterable[Difference], advice: str) -> tuple[tuple[str, str], ...]:
    """What the report says of a number that was accepted before with another content."""
    told = f"differs from the order that was accepted before under this number; {advice}"
    return tuple((difference.field, told) for difference in differences)[:MAX_ERRORS]


def _invalid(record: FileRecord, external_id: str, problems: tuple[tuple[str, str], ...]) -> LineResult:
    errors = problems[:MAX_ERRORS]
    return LineResult(record.line, external_id, LineOutcome.INVALID, errors=errors, last_line=record.last_line)


def _conflict(record: FileRecord, external_id: str, conflict: OrderConflict) -> LineResult:
    fields = conflict_errors(conflict.differences, conflict.advice)
    order_id = conflict.order.order_id
    return LineResult(record.line, external_id, LineOutcome.INVALID, order_id, fields, record.last_line)


def _external_id(text: str) -> str:
    """The order number of a line that is no order, if it can be made out."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found = parsed.get("external_id") if isinstance(parsed, dict) else None
    return found[:128] if isinstance(found, str) else ""
