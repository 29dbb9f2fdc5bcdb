"""Works on one page: hands its lines to accept(), a window of orders at a time, and watches them to their end.

The window is what bounds the orders in flight: a line is accepted only when an earlier order of the page has ended. A
payment provider that is down so stops the batch by itself, and single orders keep their share of everything.

Nothing is remembered between calls but the page. It is saved about once a second, with all of its counts at once; a
crash costs what came after, and doing that again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.batches.codec import decode_doubts, decode_records, encode_lines
from chalicelib.batches.model import Batch, LineResult, Page
from chalicelib.batches.object_keys import doubts_key, page_key, part_key
from chalicelib.batches.pages.settling import Settling
from chalicelib.batches.pages.window import TakeLine, Window
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.batches.ports import Files, Ledger, OrderRows
from chalicelib.domain.errors import TransientError
from chalicelib.observability import logger
from chalicelib.orders.commands import OrderCommands
from chalicelib.ports import Clock, Ids

WORKING_TIME = timedelta(seconds=120)
"""Of one call; well below the function's timeout."""

SAVE_EVERY = timedelta(seconds=1)
LOOK_EVERY_S = 0.25
STALLED_AFTER = timedelta(seconds=8)
"""Without any movement for this long, waiting is left to the state machine, which costs nothing."""

SHORT_WAIT_S = 1
STALLED_WAIT_S = 15
GIVE_UP_AFTER = timedelta(hours=2)
"""Orders that have not moved for this long no longer hold up their page; they are counted as running."""

THREADS = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """Whether the page is done; if not, call again after `wait_s` seconds."""

    done: bool
    wait_s: int


@dataclass(slots=True)
class _Work:
    """What one call has done: `results` are of lines whose page is not saved; `moved_at`, when it last differed."""

    batch: Batch
    page: Page
    saved: Page
    saved_at: datetime
    moved_at: datetime
    results: list[LineResult] = field(default_factory=list)

    @property
    def is_unsaved(self) -> bool:
        return self.page != self.saved


@dataclass(frozen=True, slots=True)
class PageWorker:
    """`rehearse` is for batches that are only tried. `window`: how many orders of a page run at the same time."""

    ledger: Ledger
    files: Files
    accept: TakeLine
    rehearse: TakeLine
    orders: OrderRows
    commands: OrderCommands
    clock: Clock
    ids: Ids
    window: int

    def __call__(self, batch_id: str, number: int) -> Progress:
        """Raises TransientError after saving what was done, Contention if somebody else works on the page."""
        batch = self.ledger.batch(batch_id)
        assert batch is not None, f"there is no batch {batch_id}"
        records = self._records(batch, number)
        now = self.clock.now()
        page = self.ledger.page(batch_id, number) or Page(batch_id, number, len(records), now)
        settling = Settling(self.orders, self.commands)
        with ThreadPoolExecutor(min(THREADS, self.window)) as threads:
            take = self.rehearse if batch.dry_run else self.accept
            window = Window(take, self.clock, self.window, threads)
            work = _Work(batch, settling.all(page), saved=page, saved_at=now, moved_at=now)
            return self._work(work, records, window, settling, until=now + WORKING_TIME)

    def _records(self, batch: Batch, number: int) -> list[FileRecord]:
        """Of the page, after what was known at the end of the file only."""
        records = decode_records(self.files.get(page_key(batch.batch_id, number)))
        if not batch.doubtful:
            return records
        doubts = decode_doubts(self.files.get(doubts_key(batch.batch_id)))
        return [doubts.judged(record) for record in records]

    def _work(
        self, work: _Work, records: Sequence[FileRecord], window: Window, settling: Settling, until: datetime
    ) -> Progress:
        while True:
            failed = self._go_on(work, records, window, settling, until)
            now = self.clock.now()
            if work.is_unsaved:
                work.moved_at = now
            progress = self._progress(work, now, until)
            leaves = progress is not None or failed is not None
            if work.is_unsaved and (leaves or now - work.saved_at >= SAVE_EVERY):
                self._save(work, now)
            if failed is not None:
                raise failed
            if progress is not None:
                return progress
            self.clock.sleep(LOOK_EVERY_S)

    def _go_on(
        self, work: _Work, records: Sequence[FileRecord], window: Window, settling: Settling, until: datetime
    ) -> TransientError | None:
        """Fill the window, or cancel what is in it; then look what has ended. Why a line could not be handed over."""
        failed, cancellation = None, work.batch.cancellation
        if cancellation is None:
            filled = window.fill(work.batch, work.page, records, until)
            work.page, failed = filled.page, filled.failed
            work.results += filled.results
        elif cancellation.orders:
            settling.cancel(work.page, cancellation)
        work.page = settling.running(work.page)
        return failed

    def _progress(self, work: _Work, now: datetime, until: datetime) -> Progress | None:
        """What to answer, None as long as this call goes on."""
        if self._is_done(work, now):
            return Progress(True, 0)
        if now - work.moved_at >= STALLED_AFTER:
            return Progress(False, STALLED_WAIT_S)
        return Progress(False, SHORT_WAIT_S) if now >= until else None

    def _is_done(self, work: _Work, now: datetime) -> bool:
        page = work.page
        if now - page.moved_at > GIVE_UP_AFTER and not work.is_unsaved:
            logger().error("a page is given up", extra={"batch_id": page.batch_id, "page": page.number})
            return True
        return not page.open and (page.is_received or work.batch.cancellation is not None)

    def _save(self, work: _Work, now: datetime) -> None:
        """The results first, then the page that names them. Also looks whether the batch was cancelled meanwhile."""
        page = replace(work.page, moved_at=now)
        if work.results:
            first = page.received - len(work.results) + 1
            key = part_key(page.batch_id, page.number, first, self.ids.token()[-12:])
            self.files.put(key, encode_lines(work.results))
            page = replace(page, parts=(*page.parts, key))
        work.page = work.saved = self.ledger.save_page(page)
        work.results, work.saved_at = [], now
        work.batch = self.ledger.batch(page.batch_id) or work.batch
