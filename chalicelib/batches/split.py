"""Writes the pages of a batch: objects of some hundred records each. Only then are lines accepted.

So a file that turns out to be broken at its end is refused as a whole. A file of any size is read in one pass within
WORKING_TIME, or in several: the next call reads up to the page where the last one stopped and goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.batches.codec import encode_lines
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Batch, BatchState, manifest_key, page_key
from chalicelib.batches.parsing.read import read
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.batches.ports import Files, Ledger
from chalicelib.observability import logger
from chalicelib.ports import Clock

WORKING_TIME = timedelta(seconds=120)
"""Of one call; well below the function's timeout."""

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
class SplitFile:
    """Repeatable: the same content gives the same pages."""

    ledger: Ledger
    files: Files
    clock: Clock

    def __call__(self, batch: Batch, pages: int = 0) -> Splitting:
        """`pages`: how many earlier calls of this attempt have written."""
        if batch.lines is not None:
            return Splitting("done", batch.pages)
        try:
            return self._split(batch, pages)
        except BrokenFile as problem:
            logger().info("batch refused", extra={"batch_id": batch.batch_id, "problem": str(problem)})
            now = self.clock.now()
            self.ledger.save(replace(batch, state=BatchState.REFUSED, problem=str(problem), finished_at=now))
            return Splitting("refused")

    def _split(self, batch: Batch, written: int) -> Splitting:
        until = self.clock.now() + WORKING_TIME
        chunks = self.files.stream(batch.key, batch.etag).chunks
        lines = number = 0
        for number, page in enumerate(_paged(read(batch, chunks), batch.page_lines), start=1):
            lines += len(page)
            if lines > MAX_LINES:
                raise BrokenFile(f"the file has more than {MAX_LINES:,} orders: split it")
            if number <= written:
                continue
            self.files.put(page_key(batch.batch_id, number), encode_lines(page))
            if self.clock.now() > until:
                return Splitting("more", number)
        if not lines:
            raise BrokenFile("the file holds no orders" + (", only a header row" if batch.mapping else ""))
        manifest = "".join(f'{{"page":{each}}}\n' for each in range(1, number + 1))
        self.files.put(manifest_key(batch.batch_id), manifest.encode())
        self.ledger.save(replace(batch, lines=lines, pages=number, state=BatchState.RUNNING))
        return Splitting("done", number)


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
