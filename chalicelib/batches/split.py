"""Writes the pages of a batch: objects of some hundred records each. Only then are lines accepted.

So a file that turns out to be broken at its end is refused as a whole, and what is known at its end only (that an
order's rows stand in two places, that the sums do not agree) is known in time. A file of any size is read in one pass
of WORKING_TIME, or in several: each leaves a checkpoint behind its last page, and the next goes on there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from chalicelib.batches.codec import encode_doubts, encode_lines
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Batch, BatchState
from chalicelib.batches.object_keys import checkpoint_key, doubts_key, manifest_key, page_key
from chalicelib.batches.parsing.census import Census, StoredCensus
from chalicelib.batches.parsing.read import reader
from chalicelib.batches.parsing.recognise import ensure_of_format
from chalicelib.batches.parsing.records import FileRecord, Mark, Reader
from chalicelib.batches.ports import Files, Ledger
from chalicelib.batches.sums import Sums
from chalicelib.domain.errors import TransientError
from chalicelib.observability import logger
from chalicelib.ports import Clock

WORKING_TIME = timedelta(seconds=120)
"""Of one call; well below the function's timeout."""

MAX_TRIES = 2
"""Calls that may end without an answer at the same place of a file: out of time or of memory."""

MAX_LINES = 1_000_000
"""Orders in one file: their report is made within one call. Split larger files."""

MAX_PAGE_CHARACTERS = 4_000_000
"""A worker holds one page in memory; lines may have up to a million characters each."""


@dataclass(frozen=True, slots=True)
class Splitting:
    """`state`: done, more (call again with `pages`) or refused."""

    state: str
    pages: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a call must know of what earlier ones have read, to go on behind their last page."""

    mark: Mark = field(default_factory=Mark)
    sums: Sums = field(default_factory=Sums)
    census: StoredCensus = field(default_factory=StoredCensus)


@dataclass(frozen=True, slots=True)
class SplitFile:
    """Repeatable: the same content gives the same pages."""

    ledger: Ledger
    files: Files
    clock: Clock

    def __call__(self, batch: Batch, pages: int = 0) -> Splitting:
        """`pages`: how many earlier calls of this attempt have written."""
        if batch.lines is not None:
            return Splitting("done", batch.pages)
        tries = batch.split_tries if batch.split_from == pages else 0
        batch = self.ledger.save(replace(batch, split_from=pages, split_tries=tries + 1))
        try:
            if tries >= MAX_TRIES:
                raise BrokenFile(f"the file could not be read {tries} times, behind page {pages}: send it in parts")
            return self._split(batch, pages)
        except TransientError:  # no fault of the file
            self.ledger.save(replace(batch, split_tries=tries))
            raise
        except BrokenFile as problem:
            logger().info("batch refused", extra={"batch_id": batch.batch_id, "problem": str(problem)})
            now = self.clock.now()
            self.ledger.save(replace(batch, state=BatchState.REFUSED, problem=str(problem), finished_at=now))
            return Splitting("refused")

    def _split(self, batch: Batch, written: int) -> Splitting:
        begin = self._checkpoint(batch, written)
        census, sums = Census.restored(begin.census), begin.sums
        stream = self.files.stream(batch.key, batch.etag, batch.object_version)
        records = reader(batch, stream.chunks, begin.mark, census)
        until = self.clock.now() + WORKING_TIME
        number = written
        for page in _paged(records, batch.page_lines):
            number += 1
            if number == 1:
                ensure_of_format(batch.format, page)
            sums.add(page, with_totals=bool(batch.expected.total_by_currency))
            if sums.orders > MAX_LINES:
                raise BrokenFile(f"the file has more than {MAX_LINES:,} orders: split it")
            self.files.put(page_key(batch.batch_id, number), encode_lines(page))
            if self.clock.now() > until:
                checkpoint = Checkpoint(records.mark, sums, census.stored())
                self.files.put(checkpoint_key(batch.batch_id, number), msgspec.msgpack.encode(checkpoint))
                return Splitting("more", number)
        return self._finish(batch, number, records, sums, census)

    def _checkpoint(self, batch: Batch, written: int) -> Checkpoint:
        if not written:
            return Checkpoint()
        return msgspec.msgpack.decode(self.files.get(checkpoint_key(batch.batch_id, written)), type=Checkpoint)

    def _finish(self, batch: Batch, pages: int, records: Reader, sums: Sums, census: Census) -> Splitting:
        """The whole file has been read: what it holds is compared with what was announced, then its pages count."""
        if not sums.orders:
            raise BrokenFile("the file holds no orders" + (", only a header row" if batch.mapping else ""))
        sums.ensure(batch.expected)
        doubts = census.doubts()
        if len(doubts):
            self.files.put(doubts_key(batch.batch_id), encode_doubts(doubts))
        manifest = "".join(f'{{"page":{each}}}\n' for each in range(1, pages + 1))
        self.files.put(manifest_key(batch.batch_id), manifest.encode())
        read = replace(batch, lines=sums.orders, pages=pages, file=records.mark.tally, doubtful=len(doubts))
        self.ledger.save(replace(read, state=BatchState.RUNNING))
        return Splitting("done", pages)


def _paged(records: Iterable[FileRecord], lines: int) -> Iterator[list[FileRecord]]:
    """Pages of so many lines, or fewer if these are long. Depends on the records only, so pages never shift."""
    page: list[FileRecord] = []
    characters = 0
    for record in records:
        page.append(record)
        characters += len(record.text)
        if len(page) == lines or characters >= MAX_PAGE_CHARACTERS:
            yield page
            page, characters = [], 0
    if page:
        yield page
