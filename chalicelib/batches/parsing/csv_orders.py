"""From the rows of a CSV file to its orders. An order is handed over whole or not at all.

Rows of one order number that follow each other are an order, if nothing speaks against it: each of them can be read,
no row that cannot be read touches them, the end of the file has cut nothing off, and the number stands nowhere else in
the file, which is known at its end only (Census).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Tally
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv_layout import Layout, Reading, record_text
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.csv_rows import Row
from chalicelib.batches.parsing.csv_table import opened
from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS, ensure_few_blanks
from chalicelib.batches.parsing.records import TOO_LONG, FileRecord, Mark, Problem
from chalicelib.domain.order import MAX_LINES

MAX_ROWS = 10_000
"""Of one order number: beyond, it is none."""

CUT_OFF: Problem = (
    "",
    "is the last of the file, which may have been cut off: it has no line end behind it, or a total that is not that "
    "of its lines",
)
_BLANKS = " \t\v\f\r\x1a"
"""Ctrl-Z among them, which ends the files of old systems."""


@dataclass(slots=True)
class _Order:
    """The rows of an order as far as they were read; of one with too many, as many as it takes to say so.

    `spoils_next`: the line of its last row, if that may hold a row of the next order as well, or be one.
    """

    external_id: str
    first: Row
    last: Row
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    size: int = 0
    spoils_next: int = 0

    def add(self, row: Row, problem: Problem | None = None) -> None:
        self.size += max(row.end - self.last.end, 0)
        self.last = row
        self.count += 1
        if self.count > MAX_ROWS:
            raise BrokenFile(
                f"from line {self.first.line} on more than {MAX_ROWS:,} rows have the same order number: "
                "does the mapping read external_id from the right column?"
            )
        if self.size > MAX_RECORD_CHARACTERS:
            problem = problem or TOO_LONG
        if problem is not None:
            self.problems = [*self.problems[: MAX_LINES - 1], problem]
        elif self.count <= MAX_LINES + 1:
            self.rows.append(row)


@dataclass(slots=True)
class _Between:
    """Rows behind the last one of an order, which are part of it only if another one follows."""

    blank: int = 0
    skipped: int = 0
    last: Row | None = None


class CsvOrders:
    """A Reader. `is_complete`: the file is known to have come whole, by a sum of its bytes or of its orders."""

    def __init__(
        self, text: PlainText, mapping: CsvMapping, source: str, begin: Mark, census: Census, is_complete: bool = False
    ) -> None:
        table = opened(text, mapping)
        self._lines = table.lines_from(begin.place)
        self._form = table.form
        self._layout = Layout(table.columns, mapping, source)
        self._mapping = mapping
        self._census = census
        self._is_complete = is_complete
        self._order: _Order | None = None
        self._between = _Between()
        self.mark = begin if begin.place.lines else replace(begin, place=table.header, tally=Tally(table.header.lines))

    def __iter__(self) -> Iterator[FileRecord]:
        for row in self._form.rows(self._lines):
            if self._is_blank(row):
                self._pass_over(row, blank=1)
            elif self._is_comment(row):
                self._pass_over(row, skipped=1)
            else:
                yield from self._take(self._layout.padded(row))
        if self._order is not None:
            yield self._closed(self._order, at_end=not self._is_complete)
        self._pass_on()

    def _take(self, row: Row) -> Iterable[FileRecord]:
        """Add a row to its order, or end the one before it."""
        found, order = self._layout.read(row), self._order
        if found.candidates:
            self._census.suspect(found.candidates, row.line)
        if order is None or not self._is_of(order, found):
            return self._begin(row, found, order)
        order.add(row, found.problem and ("", f"line {row.line} {_sentence(found.problem)}"))
        order.spoils_next = row.line if found.holds_more else 0
        if self._between.last is not None:
            self._between = _Between()  # the order takes them, too
        return ()

    def _begin(self, row: Row, found: Reading, before: _Order | None) -> Iterator[FileRecord]:
        """A row that goes on with nothing: of the next order, or of none that is known, which makes those beside it
        doubtful."""
        is_known = found.is_remark or (bool(found.candidates) and self._layout.knows_its_numbers)
        begins_order = bool(found.external_id) and not found.problem
        if before is not None:
            yield self._closed(before, None if is_known or begins_order else _doubted(row.line))
        self._pass_on()
        if begins_order:
            self._order = _Order(found.external_id, row, row)
            self._order.add(row)
            if self.mark.doubt:
                self._order.problems.append(_doubted(self.mark.doubt))
                self._order.spoils_next = row.line if self.mark.is_number_doubtful else 0
        else:
            self._advance(row, 0 if is_known and not found.holds_more else row.line, row.line, found.ends_in_number)
            problem = found.problem or ("external_id", "is empty")
            yield FileRecord(row.line, "", (problem,), found.external_id, row.last_line)

    def _is_of(self, order: _Order, found: Reading) -> bool:
        if found.problem:
            return order.external_id in found.candidates
        if found.external_id:
            return found.external_id == order.external_id
        return self._mapping.continuation == "blank" and not found.is_remark

    def _closed(self, order: _Order, problem: Problem | None = None, at_end: bool = False) -> FileRecord:
        """The order whose rows have been read, with what speaks against it."""
        self._order = None
        self._census.saw(order.external_id, order.first.line)
        record = self._record(order, problem, at_end)
        self._advance(order.last, order.spoils_next, record.line)
        return record

    def _record(self, order: _Order, problem: Problem | None, at_end: bool) -> FileRecord:
        line, last_line = order.first.line, order.last.last_line
        problems = [*order.problems, *((problem,) if problem else ())]
        text = ""
        if order.rows and TOO_LONG not in problems:
            content, faults = self._layout.order(order.rows)
            problems += faults
            text = "" if problems else record_text(content)
            if at_end and text and not self._layout.is_whole_at_end(order.rows, text):
                text, problems = "", [CUT_OFF]
        return FileRecord(line, text, tuple(problems), order.external_id, last_line)

    def _is_blank(self, row: Row) -> bool:
        """At the end of a file that was cut off, what looks blank may be the beginning of a row."""
        for cell in row.cells:
            if cell.strip(_BLANKS):
                return False
        return bool(row.cells) and (row.ended or len(row.cells) in (1, self._layout.width))

    def _is_comment(self, row: Row) -> bool:
        begin = next(iter(row.cells or row.pieces), "")
        return bool(self._mapping.comment) and begin.lstrip().startswith(self._mapping.comment)

    def _pass_over(self, row: Row, blank: int = 0, skipped: int = 0) -> None:
        """A row that is no part of any order, unless it turns out to stand within one."""
        between = self._between
        between.last, between.blank, between.skipped = row, between.blank + blank, between.skipped + skipped
        ensure_few_blanks(self.mark.tally.blank + between.blank)

    def _pass_on(self) -> None:
        """The rows since the last order stand behind it."""
        if (between := self._between).last is not None:
            tally, self._between = self.mark.tally, _Between()
            tally = replace(tally, blank=tally.blank + between.blank, skipped=tally.skipped + between.skipped)
            self.mark = replace(self.mark, place=between.last.place, tally=tally)

    def _advance(self, row: Row, doubt: int, first_line: int, is_number_doubtful: bool = False) -> None:
        tally = self.mark.tally
        records = tally.records + row.last_line - first_line + 1
        tally = Tally(tally.header, tally.blank, tally.skipped, records)
        self.mark = Mark(row.place, tally, doubt, bool(doubt) and is_number_doubtful)


def _doubted(line: int) -> Problem:
    return ("", f"line {line} cannot be read and may be one of its rows")


def _sentence(problem: Problem) -> str:
    return ": ".join(filter(None, problem))
