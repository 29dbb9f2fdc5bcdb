"""Works on one page: hands its lines to accept(), a window of orders at a time, and watches them to their end.

The window is what bounds the orders in flight: a line is accepted only when an earlier order of the page has ended. A
payment provider that is down so stops the batch by itself, and single orders keep their share of everything.

Nothing is remembered between calls but the page. It is saved about once a second, with all of its counts at once; a
crash costs what came after, and doing that again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.batches.accept_line import AcceptLine
from chalicelib.batches.codec import decode_records, encode_lines
from chalicelib.batches.model import Batch, Cancellation, LineResult, Page, page_key, part_key
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.batches.ports import Files, Ledger, OrderRows
from chalicelib.domain.errors import Refused, TransientError
from chalicelib.domain.order import OrderContent
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
    """What one call knows: the page, the results that are not saved yet, and the time of the last save and move."""

    batch: Batch
    page: Page
    records: Sequence[FileRecord]
    threads: Executor
    saved: Page
    saved_at: datetime
    moved_at: datetime
    results: list[LineResult] = field(default_factory=list)
    failed: TransientError | None = None
    cancelled: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Line:
    """A record, and the order that it holds, or the result of one that holds none."""

    record: FileRecord
    read: OrderContent | LineResult


def _in_turns(lines: Iterable[_Line]) -> Iterator[list[_Line]]:
    """The lines in their order, parted so that no part holds the same order twice."""
    part: list[_Line] = []
    seen: set[str] = set()
    for line in lines:
        order_id = "" if isinstance(line.read, LineResult) else line.read.order_id
        if order_id in seen:
            yield part
            part, seen = [], set()
        part.append(line)
        if order_id:
            seen.add(order_id)
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class PageWorker:
    """`window`: how many orders of a page run at the same time."""

    ledger: Ledger
    files: Files
    accept: AcceptLine
    orders: OrderRows
    commands: OrderCommands
    clock: Clock
    ids: Ids
    window: int

    def __call__(self, batch_id: str, number: int) -> Progress:
        """Raises TransientError after saving what was done, Contention if somebody else works on the page."""
        batch = self.ledger.batch(batch_id)
        assert batch is not None, f"there is no batch {batch_id}"
        records = decode_records(self.files.get(page_key(batch_id, number)))
        now = self.clock.now()
        page = self.ledger.page(batch_id, number) or Page(batch_id, number, len(records), now)
        with ThreadPoolExecutor(min(THREADS, self.window)) as threads:
            work = _Work(batch, page, records, threads, saved=page, saved_at=now, moved_at=now)
            return self._work(work, until=now + WORKING_TIME)

    def _work(self, work: _Work, until: datetime) -> Progress:
        work.page = self._settled(work.page, (*work.page.open, *work.page.parked))
        while True:
            self._accept_more(work, until)
            work.page = self._settled(work.page, work.page.open)
            now = self.clock.now()
            if work.page != work.saved:
                work.moved_at = now
            done, leaving = self._is_done(work, now), now >= until or now - work.moved_at >= STALLED_AFTER
            if work.page != work.saved and (done or leaving or work.failed or now - work.saved_at >= SAVE_EVERY):
                self._save(work, now)
            if work.failed is not None:
                raise work.failed
            if done:
                return Progress(True, 0)
            if leaving:
                return Progress(False, SHORT_WAIT_S if now - work.moved_at < STALLED_AFTER else STALLED_WAIT_S)
            self.clock.sleep(LOOK_EVERY_S)

    def _accept_more(self, work: _Work, until: datetime) -> None:
        """Fill the window. Invalid lines and duplicates take no place in it."""
        if work.batch.cancellation is not None:
            if work.batch.cancellation.orders:
                self._cancel_orders(work, work.batch.cancellation)
            return
        while not work.page.is_received and work.failed is None and self.clock.now() < until:
            free = self.window - len(work.page.open)
            if free <= 0:
                return
            chunk = work.records[work.page.received : work.page.received + free]
            results, work.failed = self._accept(work.batch, chunk, work.threads)
            work.page = work.page.after(results)
            work.results += results

    def _accept(
        self, batch: Batch, chunk: Sequence[FileRecord], threads: Executor
    ) -> tuple[list[LineResult], TransientError | None]:
        """The results up to the first line that could not be handed over, and why it could not.

        Lines of one order are handed over one after the other: the first of them in the file brings it.
        """

        def one(line: _Line) -> LineResult | TransientError:
            if isinstance(line.read, LineResult):
                return line.read
            try:
                return self.accept(batch.batch_id, line.record, line.read)
            except TransientError as error:
                return error

        results: list[LineResult] = []
        for lines in _in_turns([_Line(record, self.accept.read(batch.source, record)) for record in chunk]):
            for result in threads.map(one, lines):
                if isinstance(result, TransientError):
                    return results, result
                results.append(result)
        return results, None

    def _settled(self, page: Page, order_ids: Sequence[str]) -> Page:
        rows = self.orders.rows(order_ids) if order_ids else {}
        return page.settled({order_id: row.status for order_id, row in rows.items()})

    def _is_done(self, work: _Work, now: datetime) -> bool:
        page = work.page
        if now - page.moved_at > GIVE_UP_AFTER and page == work.saved:
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

    def _cancel_orders(self, work: _Work, cancellation: Cancellation) -> None:
        """Once per order and call. An order for which it is too late goes on to its end, and is counted there."""
        for order_id in (*work.page.open, *work.page.parked):
            if order_id in work.cancelled:
                continue
            work.cancelled.add(order_id)
            try:
                self.commands.cancel(order_id, cancellation.by, cancellation.reason)
            except Refused as refusal:
                logger().info("order has moved on", extra={"order_id": order_id, "reason": str(refusal)})
