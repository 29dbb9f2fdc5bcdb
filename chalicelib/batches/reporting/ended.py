"""Tells whoever waits for a batch that it has ended: an event on the bus, and a callback to an ERP that wants some.

An end is announced after it is stored, by whoever stored it; if that fails, the state machine repeats both. So it is
told at least once; a batch that is resumed ends again, as another attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.batches.accounting import counted
from chalicelib.batches.model import Batch, BatchCounts, Upload
from chalicelib.batches.ports import Ledger
from chalicelib.batches.reporting.listing import state_of
from chalicelib.domain.timestamps import rfc3339

SUMS = ("received", "accepted", "duplicate", "invalid", "confirmed", "rejected", "cancelled", "failed", "running")
EVENT = "BatchEnded"
"""Detail type on the bus."""


@dataclass(frozen=True, slots=True)
class AnnounceEnd:
    """`tell` publishes on the bus, `send` puts a message into the queue of acknowledgements; both may be repeated.

    Raises TransientError: nobody has been told for sure.
    """

    tell: Callable[[str, Mapping[str, str]], None]
    wants_callbacks: Callable[[str], bool]
    send: Callable[[dict[str, object]], None]

    def __call__(self, ended: Batch | Upload) -> None:
        """`ended`: a batch that has finished, or an upload that was refused before it became one."""
        attempt = ended.attempt if isinstance(ended, Batch) else 0
        named = _named(ended)
        self.tell(EVENT, {**named, "source": ended.source, "state": state_of(ended), "attempt": str(attempt)})
        if self.wants_callbacks(ended.source):
            self.send({**named, "attempt": attempt})


@dataclass(frozen=True, slots=True)
class EndDocument:
    """What the callback says, for a message of AnnounceEnd."""

    ledger: Ledger

    def __call__(self, message: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | None:
        """The source, the id of the callback, the same for every repeat, and its body (docs/callbacks.md). None if that
        end is past: the batch goes on, and its next end is announced by itself."""
        if message.get("batch_id"):
            batch = self.ledger.batch(str(message["batch_id"]))
            if batch is None or batch.finished_at is None or batch.attempt != message.get("attempt"):
                return None
            counts = counted(self.ledger.pages(batch.batch_id))
            number = f".{batch.attempt}" if batch.attempt > 1 else ""
            return batch.source, f"{batch.batch_id}{number}.{batch.state.lower()}", document(batch, counts)
        upload = self.ledger.upload(str(message.get("upload_id", "")))
        if upload is None or not upload.problem:
            return None
        return upload.source, f"{upload.upload_id}.refused", document(upload, BatchCounts())


def document(ended: Batch | Upload, counts: BatchCounts) -> dict[str, Any]:
    """No personal data, and no links that work without a token: the reports are behind `links.self`."""
    batch = ended if isinstance(ended, Batch) else None
    finished_at = batch.finished_at if batch else None
    own = batch.batch_id if batch else _named(ended)["upload_id"]
    return {
        "type": f"batch.{state_of(ended).lower()}",
        "timestamp": rfc3339(finished_at or (ended.created_at if isinstance(ended, Upload) else ended.received_at)),
        "data": {
            **_named(ended),
            "source": ended.source,
            "state": state_of(ended),
            "dry_run": ended.dry_run,
            "attempt": batch.attempt if batch else 0,
            "lines": batch.lines if batch else None,
            "counts": {name: getattr(counts, name) for name in SUMS},
            "problem": ended.problem,
            "links": {"self": f"/batches/{own}"},
        },
    }


def _named(ended: Batch | Upload) -> dict[str, str]:
    """Both ids, one of them empty: an upload that is refused is no batch."""
    if isinstance(ended, Batch):
        return {"batch_id": ended.batch_id, "upload_id": ended.key.split("/")[2]}
    return {"batch_id": "", "upload_id": ended.upload_id}
