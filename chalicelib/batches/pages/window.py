"""Hands the lines of a page to accept(), so many at a time that no more orders run than the window is wide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.batches.accept_line import read_line
from chalicelib.batches.model import Batch, LineResult, Page
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.domain.errors import TransientError
from chalicelib.domain.order import OrderContent
from chalicelib.ports import Clock


@dataclass(frozen=True, slots=True)
class Filled:
    """The page after the lines that were handed over, their results, and why the next one could not be, if so."""

    page: Page
    results: tuple[LineResult, ...]
    failed: TransientError | None


class TakeLine(Protocol):
    """Hands an order over, or only tries it. Raises TransientError."""

    def __call__(self, batch_id: str, record: FileRecord, content: OrderContent) -> LineResult: ...


@dataclass(frozen=True, slots=True)
class Window:
    """`width`: how many orders of the page run at the same time."""

    take: TakeLine
    clock: Clock
    width: int
    threads: Executor

    def fill(self, batch: Batch, page: Page, records: Sequence[FileRecord], until: datetime) -> Filled:
        """Hand lines over until the window is full or the time is up. Invalid lines and duplicates take no place."""
        results: list[LineResult] = []
        failed: TransientError | None = None
        while not page.is_received and failed is None and self.clock.now() < until:
            free = self.width - len(page.open)
            if free <= 0:
                break
            chunk, failed = self._hand_over(batch, records[page.received : page.received + free])
            page = page.after(chunk)
            results += chunk
        return Filled(page, tuple(results), failed)

    def _hand_over(self, batch: Batch, records: Sequence[FileRecord]) -> tuple[list[LineResult], TransientError | None]:
        """The results up to the first line that could not be handed over, and why it could not.

        Lines of one order are handed over one after the other: the first of them in the file brings it.
        """

        def one(line: _Line) -> LineResult | TransientError:
            if isinstance(line.read, LineResult):
                return line.read
            try:
                return self.take(batch.batch_id, line.record, line.read)
            except TransientError as error:
                return error

        results: list[LineResult] = []
        for lines in _in_turns(
            [_Line(record, read_line(batch.source, record, self.clock.now())) for record in records]
        ):
            for result in self.threads.map(one, lines):
                if isinstance(result, TransientError):
                    return results, result
                results.append(result)
        return results, None


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
