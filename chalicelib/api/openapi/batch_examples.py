"""The examples of batches in the OpenAPI document, made by the code that makes the real answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.api.operations.parameters import EXAMPLE_BATCH_CURSOR
from chalicelib.api.views.batches import batch_row_view, batch_view, upload_view
from chalicelib.batches.accounting import throughput
from chalicelib.batches.model import Batch, BatchCounts, BatchState, Format, Upload
from chalicelib.batches.ports import UploadForm
from chalicelib.batches.reporting.ended import document
from chalicelib.batches.service import BatchStatus

SOURCE = "sap-emea"
LINK = "https://orderbridge-prod-batches.s3.eu-central-1.amazonaws.com/batches/b-7z9x/report"


def batch_examples(order: dict[str, Any], begin: datetime) -> dict[str, Any]:
    """Name -> body, for requests and good answers."""
    running = Batch(
        batch_id="b-3f9a1c0b77de5k2m8p4q6r0t",
        source=SOURCE,
        format=Format.JSONL,
        encoding="utf-8",
        mapping="",
        key="uploads/sap-emea/u-1/orders",
        etag="",
        content_bytes=5_800_000,
        page_lines=500,
        received_at=begin,
        attempt=1,
        attempt_started_at=begin,
        state=BatchState.RUNNING,
        lines=10_000,
        pages=20,
    )
    end = begin + timedelta(minutes=5)
    done = replace(running, state=BatchState.COMPLETED, finished_at=end, reported_at=end)
    upload = Upload("u-5c1e", SOURCE, Format.CSV, "utf-8", "default", "uploads/sap-emea/u-5c1e/orders", begin)
    form = UploadForm(
        "https://orderbridge-prod-batches.s3.eu-central-1.amazonaws.com/",
        {"key": upload.key, "policy": "eyJ...", "x-amz-signature": "..."},
        3600,
    )
    now = begin + timedelta(minutes=2)
    half = BatchCounts(duplicate=41, invalid=38, confirmed=3_820, rejected=77, running=24)
    whole = BatchCounts(duplicate=100, invalid=100, confirmed=9_600, rejected=199, failed=1)
    links = {"jsonl": f"{LINK}.jsonl?X-Amz-Signature=...", "csv": f"{LINK}.csv?X-Amz-Signature=..."}
    return {
        "batch_of_orders": {"source": SOURCE, "orders": [order]},
        "batch_of_file": {"source": SOURCE, "format": "csv"},
        "cancel_batch": {"reason": "The wrong file", "by": "M. Ito", "running_orders": "finish"},
        "upload_offered": upload_view(upload, form),
        "batch_running": batch_view(BatchStatus(running, half, throughput(running, half, now), {})),
        "batch_ended": document(done, whole),
        "batch_page": {
            "batches": [batch_row_view(done), batch_row_view(upload)],
            "next_cursor": EXAMPLE_BATCH_CURSOR,
            "links": {"self": "/batches?limit=2", "next": f"/batches?limit=2&cursor={EXAMPLE_BATCH_CURSOR}"},
        },
        "batch_done": batch_view(BatchStatus(done, whole, throughput(done, whole, end), links)),
    }
