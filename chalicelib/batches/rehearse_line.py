"""One line of a file that is only tried: what would become of its order, as of now. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.batches.accept_line import CHANNEL, MAX_ERRORS, conflict_errors, terms_of
from chalicelib.batches.model import LineOutcome, LineResult, correlation_id_of
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.domain.order import OrderContent
from chalicelib.orders.rehearse import Rehearse, Would


@dataclass(frozen=True, slots=True)
class RehearseLine:
    """A TakeLine. Each order is looked at alone: stock that an earlier line would take is still there for the next."""

    rehearse: Rehearse

    def __call__(self, batch_id: str, record: FileRecord, content: OrderContent) -> LineResult:
        """Raises TransientError: nobody could look."""
        own = correlation_id_of(batch_id, record.line)
        found = self.rehearse(content, own, CHANNEL, terms_of(batch_id))
        errors: tuple[tuple[str, str], ...] = ()
        outcome = LineOutcome.VALID
        if found.would is Would.CONFLICT:
            outcome, errors = LineOutcome.INVALID, conflict_errors(found.differences, found.advice)
        elif found.would is Would.REPEAT:
            outcome = LineOutcome.DUPLICATE
        elif found.reasons:
            outcome = LineOutcome.INVALID
            errors = tuple(("", f"would be rejected, {why.code}: {why.message}") for why in found.reasons[:MAX_ERRORS])
        return LineResult(record.line, content.external_id, outcome, errors=errors, last_line=record.last_line)
