"""The JSON of batches and of uploads that may become one."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from chalicelib.api.views.schemas import Moment, PageLinks
from chalicelib.batches.model import Batch, BatchCounts, BatchState, Format, Upload
from chalicelib.batches.ports import UploadForm
from chalicelib.batches.reporting.listing import state_of
from chalicelib.batches.service import BatchStatus
from chalicelib.domain.timestamps import rfc3339


class CountsView(TypedDict):
    """received = accepted + duplicate + invalid + valid; accepted = confirmed + rejected + cancelled + failed +
    running."""

    received: int
    """Lines that were handed over so far."""
    accepted: int
    """Lines that brought a new order."""
    duplicate: int
    """Lines whose order was there before, through whatever channel."""
    invalid: int
    """Lines that are no order, or one whose number was accepted before with another content."""
    confirmed: int
    rejected: int
    cancelled: int
    failed: int
    """Parked by a technical failure; once they are redriven they are counted as what they become."""
    running: int
    valid: NotRequired[int]
    """In a dry run: lines that would bring an order, and nothing is against it."""


class FileView(TypedDict):
    """Of the file's lines: lines = header + blank + skipped + records. Of a JSON array, whose lines mean nothing, the
    elements."""

    lines: int
    header: int
    blank: int
    skipped: int
    """Those that the mapping leaves out."""
    records: int
    """Those of orders, whatever became of them; the report says which are whose."""
    bytes: int
    """Unpacked."""


class ReportView(TypedDict):
    """A line for every line of the file, in its order. The links work for an hour without a token."""

    made_at: Moment
    jsonl: str
    csv: str


class BatchLinks(TypedDict, total=False):
    """`cancel` and `resume` (POST) are present while they are possible."""

    self: str
    cancel: str
    resume: str


class UploadView(TypedDict):
    """POST the fields and, as the last one, `file` as multipart/form-data to `url`."""

    url: str
    fields: dict[str, str]
    expires_s: int


class BatchView(TypedDict):
    """A batch, or an upload that is none yet, as of now."""

    batch_id: str
    """Derived from the source and the content: the same file is the same batch. Empty until the file is there."""
    source: str
    dry_run: bool
    """Only tried: nothing is accepted."""
    state: BatchState
    lines: int | None
    """Orders in the file; null until it has been read."""
    file: FileView | None
    """What its lines are; null until it has been read."""
    waiting: int | None
    """Lines that were not handed over yet."""
    counts: CountsView
    rate_per_s: float
    """Lines settled per second since this attempt began."""
    estimated_end: Moment | None
    received_at: Moment
    finished_at: Moment | None
    attempts: int
    problem: str
    """Why the file was refused or the batch is incomplete, for people; else empty."""
    report: ReportView | None
    upload: NotRequired[UploadView]
    """Where to send the file; only in the answer that offers it."""
    links: BatchLinks


class BatchRowView(TypedDict):
    """A batch in a list, or an upload that has not become one; its counts and reports are behind `links.self`."""

    batch_id: str
    """Empty of an upload."""
    source: str
    state: BatchState
    format: Format
    lines: int | None
    received_at: Moment
    """Of an upload: when it was offered."""
    finished_at: Moment | None
    attempts: int
    problem: str
    links: BatchLinks


class BatchPageView(TypedDict):
    """A page of batches, newest first."""

    batches: list[BatchRowView]
    next_cursor: str | None
    """The parameter `cursor` of the next page; null on the last."""
    links: PageLinks


NO_COUNTS: CountsView = {
    "received": 0,
    "accepted": 0,
    "duplicate": 0,
    "invalid": 0,
    "confirmed": 0,
    "rejected": 0,
    "cancelled": 0,
    "failed": 0,
    "running": 0,
}


def batch_view(status: BatchStatus) -> BatchView:
    batch, counts, report = status.batch, status.counts, status.report
    end = status.throughput.estimated_end
    own = f"/batches/{batch.batch_id}"
    links: BatchLinks = {"self": own}
    if batch.finished_at is None and batch.cancellation is None:
        links["cancel"] = f"{own}/cancel"
    if batch.finished_at is not None and batch.state is not BatchState.REFUSED:
        links["resume"] = f"{own}/resume"
    return {
        "batch_id": batch.batch_id,
        "source": batch.source,
        "dry_run": batch.dry_run,
        "state": batch.state,
        "lines": batch.lines,
        "file": _file_view(batch),
        "waiting": None if batch.lines is None else batch.lines - counts.received,
        "counts": _counts_view(counts, batch.dry_run),
        "rate_per_s": round(status.throughput.rate_per_s, 2),
        "estimated_end": rfc3339(end) if end else None,
        "received_at": rfc3339(batch.received_at),
        "finished_at": rfc3339(batch.finished_at) if batch.finished_at else None,
        "attempts": batch.attempt,
        "problem": batch.problem,
        "report": {"made_at": rfc3339(batch.reported_at), "jsonl": report["jsonl"], "csv": report["csv"]}
        if batch.reported_at
        else None,
        "links": links,
    }


def batch_row_view(one: Batch | Upload) -> BatchRowView:
    batch = one if isinstance(one, Batch) else None
    return {
        "batch_id": batch.batch_id if batch else "",
        "source": one.source,
        "state": state_of(one),
        "format": one.format,
        "lines": batch.lines if batch else None,
        "received_at": rfc3339(one.received_at if isinstance(one, Batch) else one.created_at),
        "finished_at": rfc3339(batch.finished_at) if batch and batch.finished_at else None,
        "attempts": batch.attempt if batch else 0,
        "problem": one.problem,
        "links": {"self": f"/batches/{one.batch_id if isinstance(one, Batch) else one.upload_id}"},
    }


def _counts_view(counts: BatchCounts, dry_run: bool) -> CountsView:
    view: CountsView = {
        "received": counts.received,
        "accepted": counts.accepted,
        "duplicate": counts.duplicate,
        "invalid": counts.invalid,
        "confirmed": counts.confirmed,
        "rejected": counts.rejected,
        "cancelled": counts.cancelled,
        "failed": counts.failed,
        "running": counts.running,
    }
    if dry_run:
        view["valid"] = counts.valid
    return view


def _file_view(batch: Batch) -> FileView | None:
    if batch.file is None:
        return None
    file = batch.file
    return {
        "lines": file.lines,
        "header": file.header,
        "blank": file.blank,
        "skipped": file.skipped,
        "records": file.records,
        "bytes": batch.content_bytes,
    }


def upload_view(upload: Upload, form: UploadForm | None = None) -> BatchView:
    view: BatchView = {
        "batch_id": "",
        "source": upload.source,
        "dry_run": upload.dry_run,
        "state": state_of(upload),
        "lines": None,
        "file": None,
        "waiting": None,
        "counts": NO_COUNTS,
        "rate_per_s": 0.0,
        "estimated_end": None,
        "received_at": rfc3339(upload.created_at),
        "finished_at": None,
        "attempts": 0,
        "problem": upload.problem,
        "report": None,
        "links": {"self": f"/batches/{upload.upload_id}"},
    }
    if form is not None:
        view["upload"] = {"url": form.url, "fields": dict(form.fields), "expires_s": form.expires_s}
    return view
