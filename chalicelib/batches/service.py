"""What callers may ask about batches: hand one over, where it stands, cancel it, go on with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.batches.accounting import Throughput, counted, throughput
from chalicelib.batches.model import Batch, BatchCounts, BatchState, Cancellation, Expected, Format, Page, Upload
from chalicelib.batches.object_keys import report_key
from chalicelib.batches.pages.orders import ids_of
from chalicelib.batches.parsing.unpack import MAX_UPLOAD_BYTES
from chalicelib.batches.ports import Files, Ledger, OrderRows, UploadForm
from chalicelib.batches.report import brought_up_to_date
from chalicelib.batches.reporting.listing import BatchPage, BatchQuery, batch_page
from chalicelib.batches.start import StartBatch, upload_key
from chalicelib.domain.errors import Refused
from chalicelib.ports import Clock, Ids

NOT_SAID = Expected()
LOOKED_UP_AGAIN = 300
"""Orders without an outcome that one call looks up again, in a batch whose execution has ended: three reads of 100."""


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """A batch, its sums and its throughput, of one moment; `report` maps csv and jsonl to links."""

    batch: Batch
    counts: BatchCounts
    throughput: Throughput
    report: dict[str, str]


@dataclass(frozen=True, slots=True)
class BatchService:
    """Behind the API."""

    ledger: Ledger
    files: Files
    orders: OrderRows
    start: StartBatch
    clock: Clock
    ids: Ids

    def offer(
        self,
        source: str,
        kind: Format,
        encoding: str,
        mapping: str,
        expected: Expected = NOT_SAID,
        dry_run: bool = False,
    ) -> tuple[Upload, UploadForm]:
        """A place for a file. Whoever fills it starts the batch, which is only tried if it is a dry run.

        Raises BrokenFile if there is no such mapping.
        """
        text = self.start.mapping_text(source, mapping) if kind is Format.CSV else None
        upload_id = f"u-{self.ids.token()}"
        key = upload_key(source, upload_id)
        now = self.clock.now()
        upload = Upload(
            upload_id,
            source,
            kind,
            encoding,
            mapping,
            key,
            now,
            mapping_text=text,
            expected=expected,
            dry_run=dry_run,
        )
        self.ledger.save_upload(upload)
        return upload, self.files.form(key, MAX_UPLOAD_BYTES)

    def take(
        self, source: str, orders: Sequence[str], expected: Expected = NOT_SAID, dry_run: bool = False
    ) -> tuple[Batch, bool]:
        """Orders handed over in the call itself, as the JSON text of each, on a line: stored as a file as they came, so
        that each gets the answer that it would get alone, and started at once. False: they were before."""
        upload_id = f"u-{self.ids.token()}"
        key = upload_key(source, upload_id)
        now = self.clock.now()
        self.ledger.save_upload(
            Upload(upload_id, source, Format.JSONL, "utf-8", "", key, now, expected=expected, dry_run=dry_run)
        )
        self.files.put(key, "".join(order + "\n" for order in orders).encode())
        batch = self.start(key)
        assert batch is not None, "orders that were JSON in the request are JSON in the file"
        return batch, batch.key == key

    def status(self, batch: Batch) -> BatchStatus:
        """The accounting as of now. After the end, orders that were parked may have moved on: these are looked up."""
        pages = list(self.ledger.pages(batch.batch_id))
        if batch.finished_at is not None:
            pages = self._looked_up(pages)
        counts = counted(pages)
        links = {}
        if batch.reported_at is not None:
            links = {
                kind: self.files.link(report_key(batch.batch_id, kind), f"{batch.batch_id}.{kind}")
                for kind in ("jsonl", "csv")
            }
        return BatchStatus(batch, counts, throughput(batch, counts, self.clock.now()), links)

    def page(self, query: BatchQuery) -> BatchPage:
        """Raises ValueError for a cursor that is not ours."""
        return batch_page(self.ledger, query)

    def cancel(self, batch: Batch, by: str, reason: str, orders: bool) -> Batch:
        """Accept no further line. Raises Refused if the batch has ended, Contention."""
        if batch.finished_at is not None:
            raise Refused(f"the batch is {batch.state}; there is nothing left to cancel")
        if batch.cancellation is not None and batch.cancellation.orders >= orders:
            return batch
        return self.ledger.save(replace(batch, cancellation=Cancellation(by, reason, self.clock.now(), orders)))

    def resume(self, batch: Batch) -> Batch:
        """Go on with a batch that was killed, cancelled or is incomplete; of a complete one, make the report anew.

        Raises Refused while it runs, and for a file that was refused.
        """
        if batch.state is BatchState.REFUSED:
            raise Refused("the file was refused; fix it and send it again")
        return self.start.resume(batch)

    def _looked_up(self, pages: list[Page]) -> list[Page]:
        left, fresh = LOOKED_UP_AGAIN, []
        for page in pages:
            pending = (*page.open, *page.parked)[:left]
            left -= len(pending)
            fresh.append(brought_up_to_date(page, self.orders.rows(ids_of(pending)), self.ledger) if pending else page)
        return fresh
