"""A finished upload becomes a batch: the file is read once for its hash, the batch is claimed, its execution starts.

Every part may be repeated: notices of uploads come at least once, and the same file may be sent at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chalicelib.batches.accounting import counted
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.identity import batch_id_of, identity_of
from chalicelib.batches.model import Batch, BatchState, Format, Upload
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.batches.parsing.file import Fingerprint, fingerprint
from chalicelib.batches.ports import BulkEngine, Files, Ledger, Mappings
from chalicelib.batches.sums import counted_bytes
from chalicelib.domain.errors import Refused
from chalicelib.observability import logger
from chalicelib.ports import Clock

UPLOADS = "uploads/"
SMALL_FILE_BYTES = 5_000_000
SMALL_PAGE_LINES = 100
LARGE_PAGE_LINES = 500
"""Lines of a page. Small ones let a small file use all pages in flight; large ones cost fewer calls per order."""

MAX_ATTEMPTS = 100
"""Executions of one batch, over all uploads of its file and all resumes."""


def upload_key(source: str, upload_id: str) -> str:
    return f"{UPLOADS}{source}/{upload_id}/orders"


def upload_id_of(key: str) -> str:
    return key.split("/")[2]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: its encoding, the text of its CSV mapping, which the batch keeps, and what that adds to the
    batch's id.

    `former` is what it added in release 0.1, if that was something else: batches are kept for 90 days.
    """

    encoding: str
    mapping: str = ""
    identity: str = ""
    former: str | None = None


@dataclass(frozen=True, slots=True)
class StartBatch:
    """Called with the key of an object below `uploads/`."""

    ledger: Ledger
    files: Files
    mappings: Mappings
    engine: BulkEngine
    clock: Clock

    def __call__(self, key: str, version: str = "") -> Batch | None:
        """The batch that runs now, or has run; None for a file that is refused or of which nobody knows.

        `version`: of the object, as its notice has it. Of two files sent through one form each is read.
        """
        upload = self.ledger.upload(upload_id_of(key))
        if upload is None or upload.key != key:
            logger().warning("an object that no upload was asked for", extra={"key": key[:200]})
            return None
        try:
            reading = self._reading(upload)
            stream = self.files.stream(key, version=version)
            print_ = fingerprint(counted_bytes(stream.chunks, upload.expected), reading.encoding)
            fresh = replace(self._batch(upload, reading, stream.etag, print_), object_version=version)
            batch = self._claim(fresh, self._former(upload, reading, print_))
        except (BrokenFile, Refused) as problem:
            logger().info("upload refused", extra={"upload_id": upload.upload_id, "problem": str(problem)})
            self.ledger.save_upload(replace(upload, problem=str(problem), batch_id=""))
            return None
        self.ledger.save_upload(replace(upload, batch_id=batch.batch_id, problem=""))
        self.engine.start(batch.batch_id, batch.attempt)
        logger().info("batch started", extra={"batch_id": batch.batch_id, "attempt": batch.attempt})
        return batch

    def resume(self, batch: Batch) -> Batch:
        """One more attempt, going on where the last one stopped. Raises Refused while one runs, Contention."""
        if self.engine.is_running(batch.batch_id, batch.attempt):
            raise Refused("the batch is running")
        resumed = self._next_attempt(batch)
        self.engine.start(resumed.batch_id, resumed.attempt)
        return resumed

    def mapping_text(self, source: str, name: str) -> str | None:
        """The published mapping, None for the built-in one. Raises BrokenFile if there is none, or it is wrong."""
        text = self.mappings.text(source, name)
        if text is None and name != "default":
            raise BrokenFile(f"there is no CSV mapping {name} of source {source}: publish it first")
        parse_mapping(text or CANONICAL)
        return text

    def _reading(self, upload: Upload) -> Reading:
        """As it was when the place was offered. The batch keeps the text: changes of the published mapping do not reach
        into a batch that runs."""
        if upload.format is not Format.CSV:
            return Reading(upload.encoding)
        text = upload.mapping_text
        if text is None:  # the built-in mapping, or an upload of an earlier release
            text = self.mapping_text(upload.source, upload.mapping)
        mapping = parse_mapping(text or CANONICAL)
        return Reading(mapping.encoding, text or CANONICAL, identity_of(mapping), former=text or None)

    def _former(self, upload: Upload, reading: Reading, print_: Fingerprint) -> Batch | None:
        """The batch that release 0.1 made of this content, when ids were made of the text of the mapping."""
        if reading.former is None or upload.dry_run:
            return None
        return self.ledger.batch(
            batch_id_of(upload.source, upload.format, upload.encoding, reading.former, print_.sha256)
        )

    def _batch(self, upload: Upload, reading: Reading, etag: str, print_: Fingerprint) -> Batch:
        now = self.clock.now()
        trial = upload.upload_id if upload.dry_run else ""
        small = print_.content_bytes <= SMALL_FILE_BYTES
        return Batch(
            batch_id=batch_id_of(upload.source, upload.format, upload.encoding, reading.identity, print_.sha256, trial),
            source=upload.source,
            format=upload.format,
            encoding=upload.encoding,
            mapping=reading.mapping,
            key=upload.key,
            etag=etag,
            content_bytes=print_.content_bytes,
            page_lines=SMALL_PAGE_LINES if small else LARGE_PAGE_LINES,
            received_at=now,
            attempt=1,
            attempt_started_at=now,
            expected=upload.expected,
            dry_run=upload.dry_run,
        )

    def _claim(self, batch: Batch, former: Batch | None) -> Batch:
        """The batch as it stands after this upload: a new one, one that goes on, or one with nothing left to do."""
        if former is None and self.ledger.create(batch):
            return batch
        known = former or self.ledger.batch(batch.batch_id)
        assert known is not None, f"{batch.batch_id} is neither new nor there"
        same_upload = (known.key, known.etag) == (batch.key, batch.etag)
        if same_upload or self.engine.is_running(known.batch_id, known.attempt) or self._is_done(known):
            return known
        return self._next_attempt(
            replace(
                known,
                key=batch.key,
                etag=batch.etag,
                object_version=batch.object_version,
                mapping=batch.mapping,
                expected=batch.expected,
            )
        )

    def _is_done(self, batch: Batch) -> bool:
        if batch.state is not BatchState.COMPLETED:
            return False
        counts = counted(self.ledger.pages(batch.batch_id))
        return not counts.failed and not counts.running

    def _next_attempt(self, batch: Batch) -> Batch:
        if batch.attempt >= MAX_ATTEMPTS:
            raise Refused(
                f"batch {batch.batch_id} of this content has had {batch.attempt} attempts, the most allowed; "
                "send the orders that its report does not name as accepted as a file of their own"
            )
        return self.ledger.save(
            replace(
                batch,
                attempt=batch.attempt + 1,
                attempt_started_at=self.clock.now(),
                settled_before=counted(self.ledger.pages(batch.batch_id)).settled,
                state=BatchState.RECEIVED if batch.lines is None else BatchState.RUNNING,
                problem="",
                split_from=0,
                split_tries=0,
                cancellation=None,
                finished_at=None,
            )
        )
