"""The report of a batch: a line for every line of the file, in its order, as JSONL and as CSV. Streams page by page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.batches.codec import decode_records, decode_results
from chalicelib.batches.model import Batch, BatchCounts, BatchState, LineOutcome, LineResult, Page
from chalicelib.batches.object_keys import page_key, report_key
from chalicelib.batches.pages.orders import standing
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.batches.ports import Files, Ledger, OrderRows
from chalicelib.domain.errors import Contention
from chalicelib.observability import logger
from chalicelib.ports import Clock, OrderRow

NOT_PROCESSED = "not_processed"
COLUMNS = ("line", "external_id", "outcome", "order_id", "status", "reasons", "errors", "last_line")
CONTENT_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
BYTE_ORDER_MARK = "\ufeff"
"""So that spreadsheets read the CSV as UTF-8."""


@dataclass(frozen=True, slots=True)
class MakeReport:
    """Also brings the counts up to date, and closes the batch. May be repeated: the report is then made anew."""

    ledger: Ledger
    files: Files
    orders: OrderRows
    clock: Clock

    def __call__(self, batch: Batch) -> Batch:
        now = self.clock.now()
        total = BatchCounts()
        with ExitStack() as stack:
            sinks = {
                kind: stack.enter_context(self.files.sink(report_key(batch.batch_id, kind), content_type))
                for kind, content_type in CONTENT_TYPES.items()
            }
            sinks["csv"].write((BYTE_ORDER_MARK + _csv_row(COLUMNS)).encode())
            for number in range(1, batch.pages + 1):
                page, lines = self._page(batch, number)
                total += page.counts
                for line in lines:
                    sinks["jsonl"].write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                    sinks["csv"].write(_csv_row(_cells(line)).encode())
        logger().info("batch reported", extra={"batch_id": batch.batch_id, "received": total.received})
        latest = self.ledger.batch(batch.batch_id) or batch
        ending = closing(latest, total)
        return self.ledger.save(replace(latest, **ending, finished_at=now, reported_at=now))

    def _page(self, batch: Batch, number: int) -> tuple[Page, Iterator[dict[str, Any]]]:
        records = decode_records(self.files.get(page_key(batch.batch_id, number)))
        page = self.ledger.page(batch.batch_id, number)
        if page is None:
            page = Page(batch.batch_id, number, len(records), self.clock.now())
        results = [result for key in page.parts for result in decode_results(self.files.get(key))]
        rows = self.orders.rows([result.order_id for result in results if result.order_id])
        page = brought_up_to_date(page, rows, self.ledger)
        return page, _lines(results, rows, skipped=records[len(results) :])


def closing(batch: Batch, counts: BatchCounts) -> dict[str, Any]:
    """The state in which a batch ends, and why if that is not the usual one."""
    if batch.lines is None:
        return {"state": BatchState.INCOMPLETE, "problem": batch.problem or "the file could not be split into pages"}
    if batch.cancellation is not None:
        return {"state": BatchState.CANCELLED, "problem": ""}
    missing = batch.lines - counts.received
    if missing or counts.running:
        problem = f"{missing} lines were not handed over and {counts.running} orders have no outcome yet"
        return {"state": BatchState.INCOMPLETE, "problem": problem}
    if counts.received and counts.invalid == counts.received:
        verb = "would be" if batch.dry_run else "was"
        problem = f"none of the {counts.invalid} orders {verb} accepted: the report says what is wrong with each"
        return {"state": BatchState.NOTHING_ACCEPTED, "problem": problem}
    return {"state": BatchState.COMPLETED, "problem": ""}


def brought_up_to_date(page: Page, rows: Mapping[str, OrderRow], ledger: Ledger) -> Page:
    """The page with its open and failed orders where they stand now, saved if that is news."""
    settled = page.settled(standing((*page.open, *page.parked), rows))
    if settled.counts == page.counts:
        return page
    try:
        return ledger.save_page(settled)
    except Contention:  # somebody else has just done the same
        return ledger.page(page.batch_id, page.number) or page


def _lines(
    results: Sequence[LineResult], rows: Mapping[str, OrderRow], skipped: Sequence[FileRecord]
) -> Iterator[dict[str, Any]]:
    for result in results:
        row = rows.get(result.order_id)
        if row is not None and row.revision < result.revision:
            row = None  # of the revision before
        yield {
            "line": result.line,
            "last_line": result.last_line or result.line,
            "external_id": result.external_id,
            "outcome": result.outcome,
            "order_id": result.order_id,
            "status": _status(result, row),
            "reasons": list(row.reasons) if row else [],
            "errors": [{"field": field, "message": message} for field, message in result.errors],
        }
    for record in skipped:
        place = {"line": record.line, "last_line": record.last_line, "external_id": record.external_id}
        yield {**place, "outcome": NOT_PROCESSED, "order_id": "", "status": "", "reasons": [], "errors": []}


def _status(result: LineResult, row: OrderRow | None) -> str:
    """Of an invalid line none, even if an order of its number exists: that one is another."""
    if result.outcome is LineOutcome.INVALID or not result.order_id:
        return ""
    return row.status if row else "RECEIVED"


def _cells(line: Mapping[str, Any]) -> list[str]:
    errors = "; ".join(f"{error['field']}: {error['message']}".removeprefix(": ") for error in line["errors"])
    values = {**line, "reasons": ", ".join(line["reasons"]), "errors": errors}
    return [_harmless(str(values[column])) for column in COLUMNS]


def _harmless(cell: str) -> str:
    """A spreadsheet would run what begins like a formula, and the order number is the sender's."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _csv_row(cells: Sequence[str]) -> str:
    row = io.StringIO()
    csv.writer(row).writerow(cells)
    return row.getvalue()
