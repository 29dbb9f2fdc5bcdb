"""From the rows of a CSV file to its orders. An order is handed over whole or not at all.

Rows of one order number that follow each other are an order, if nothing speaks against it: each of them can be read,
no row that cannot be read touches them, the end of the file has cut nothing off, and the number stands nowhere else in
the file, which is known at its end only (Census).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Tally
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv.content import record_text
from chalicelib.batches.parsing.csv.gathered import MAX_PROBLEMS, MAX_REMARKS, Between, OrderRows
from chalicelib.batches.parsing.csv.kinds import layout_of
from chalicelib.batches.parsing.csv.reading import Reading
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.csv.table import opened
from chalicelib.batches.parsing.csv.trailer import TrailerRow, ensure_is_there
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.lines import ensure_few_blanks
from chalicelib.batches.parsing.records import TOO_LONG, FileRecord, Mark, Problem

CUT_OFF: Problem = (
    "",
    "is the last of the file, which may have been cut off: it has no line end behind it, or a total that is not that "
    "of its lines",
)
_BLANKS = " \t\v\f\r\x1a"
"""Ctrl-Z among them, which ends the files of old systems."""


class CsvOrders:
    """A Reader. `is_complete`: the file is known to have come whole, by a sum of its bytes or of its orders."""

    def __init__(
        self, text: PlainText, mapping: CsvMapping, source: str, begin: Mark, census: Census, is_complete: bool = False
    ) -> None:
        table = opened(text, mapping)
        self._lines = table.lines_from(begin.place)
        self._form = table.form
        self._layout = layout_of(table.columns, mapping, source)
        self._comment = mapping.comment
        self._trailer = TrailerRow(mapping.trailer) if mapping.trailer is not None else None
        self._census = census
        self._is_complete = is_complete
        self._order: OrderRows | None = None
        self._between = Between()
        self._held: list[Between] = []
        self.mark = begin if begin.place.lines else replace(begin, place=table.header, tally=Tally(table.header.lines))

    def __iter__(self) -> Iterator[FileRecord]:
        for row in self._form.rows(self._lines):
            if self._is_blank(row):
                self._pass_over(row, blank=1)
            elif self._is_comment(row):
                self._pass_over(row, skipped=1)
            elif self.mark.counted.trailer:
                raise BrokenFile(
                    f"line {row.line} stands below the trailer, which is in line {self.mark.counted.trailer}"
                )
            elif self._trailer is not None and self._trailer.is_this(row):
                yield from self._close()
                self._end_with(row, self._trailer)
            elif self._layout.leaves_out(row):
                self._pass_over(row, skipped=1, rows=1)
            else:
                yield from self._take(self._layout.padded(row))
        ensure_is_there(self._trailer, self.mark.counted)
        yield from self._close(at_end=not self._is_complete)

    def _take(self, row: Row) -> Iterable[FileRecord]:
        """Add a row to its order, or end the one before it."""
        found, order = self._layout.read(row), self._order
        if found.candidates:
            self._census.suspect(found.candidates, row.line)
        if order is None:
            return self._begin(row, found)
        if found.is_remark:
            self._held.append(replace(self._between, remark=(row, found)))
            self._between = Between()
            if len(self._held) > MAX_REMARKS:
                self._take_held(order)
            return ()
        if not self._is_of(order, found):
            return self._begin(row, found)
        self._take_held(order)
        order.in_file += self._between.rows
        order.add(row, found.problem and ("", f"line {row.line} {_sentence(found.problem)}"))
        order.spoils_next = row.line if found.holds_more else 0
        if self._between.last is not None:
            self._between = Between()  # the order takes them, too
        return ()

    def _take_held(self, order: OrderRows) -> None:
        """Rows that seemed to be of no order stand within one: nobody knows what they are to it."""
        for between in self._held:
            assert between.remark is not None
            row, found = between.remark
            order.in_file += between.rows
            order.add(row, ("", f"line {row.line}, between its rows, {_sentence(found.problem or found.alone)}"))
        self._held.clear()

    def _begin(self, row: Row, found: Reading) -> Iterator[FileRecord]:
        """A row that goes on with nothing: of the next order, or of none that is known."""
        if not found.external_id or found.problem or found.is_part:
            yield from self._stand_alone(row, found)
            return
        yield from self._close()
        self._order = OrderRows(found.external_id, row, row)
        self._order.add(row)
        if self.mark.doubt and not found.begins:
            self._order.problems.append(_doubted(self.mark.doubt))
            self._order.spoils_next = row.line if self.mark.is_number_doubtful else 0

    def _is_of(self, order: OrderRows, found: Reading) -> bool:
        if found.problem:
            return order.external_id in found.candidates
        if found.external_id:
            return found.external_id == order.external_id and not found.begins
        return found.continues

    def _stand_alone(self, row: Row, found: Reading) -> Iterator[FileRecord]:
        """A row of which nobody knows to which order it belongs makes those beside it doubtful."""
        is_known = found.is_remark or found.begins or (bool(found.candidates) and self._layout.knows_its_numbers)
        if found.is_part:
            self._census.suspect([found.external_id], row.line)
        yield from self._close(None if is_known else _doubted(row.line))
        yield self._alone(row, found, is_known)

    def _alone(self, row: Row, found: Reading, is_known: bool) -> FileRecord:
        """Its record. What was doubtful above it goes on to be so below."""
        doubt, in_number = self.mark.doubt, self.mark.is_number_doubtful
        if not is_known or found.holds_more:
            doubt, in_number = row.line, found.ends_in_number
        self._advance(row, row.line, 1, doubt=doubt, is_number_doubtful=in_number)
        return FileRecord(row.line, "", (found.problem or found.alone,), found.external_id, row.last_line)

    def _close(self, problem: Problem | None = None, at_end: bool = False) -> Iterator[FileRecord]:
        """The order whose rows have been read, with what speaks against it; none if the mapping leaves it out."""
        order, self._order = self._order, None
        if order is not None:
            self._census.saw(order.external_id, order.first.line)
            problems = [*order.problems, *((problem,) if problem else ())]
            is_left_out = not problems and self._layout.left_out(order.rows)
            content: Mapping[str, Any] = {}
            record: FileRecord | None = None
            if not is_left_out:
                content, record = self._read(order, problems, at_end)
            elif self._trailer is not None and self._trailer.has_total:
                content, _ = self._layout.order(order.rows)
            self._advance(
                order.last,
                order.first.line,
                order.in_file,
                doubt=order.spoils_next,
                content=content,
                is_left_out=is_left_out,
            )
            if record is not None:
                yield record
        held, last, self._held, self._between = self._held, self._between, [], Between()
        for between in held:
            self._pass_on(between)
            assert between.remark is not None
            yield self._alone(*between.remark, is_known=True)
        self._pass_on(last)

    def _read(self, order: OrderRows, problems: list[Problem], at_end: bool) -> tuple[dict[str, Any], FileRecord]:
        """What its rows say, and the record."""
        content: dict[str, Any] = {}
        text = ""
        if order.rows and TOO_LONG not in problems:
            content, faults = self._layout.order(order.rows)
            problems = [*problems, *faults][:MAX_PROBLEMS]
            text = "" if problems else record_text(content)
            if at_end and text and not self._layout.is_whole_at_end(order.rows, text):
                text, problems = "", [CUT_OFF]
        return content, FileRecord(order.first.line, text, tuple(problems), order.external_id, order.last.last_line)

    def _end_with(self, row: Row, trailer: TrailerRow) -> None:
        """The trailer: what it says of the rows above is true, or the file is none."""
        trailer.ensure(row, len(self._census.seen), self.mark.counted)
        self._is_complete = True
        tally, counted = self.mark.tally, replace(self.mark.counted, trailer=row.line)
        tally = replace(tally, skipped=tally.skipped + row.last_line - row.line + 1)
        self.mark = Mark(row.place, tally, counted=counted)

    def _is_blank(self, row: Row) -> bool:
        """At the end of a file that was cut off, what looks blank may be the beginning of a row."""
        cells = row.cells
        if not cells or cells[0].strip(_BLANKS):  # as most rows are
            return False
        return not any(cell.strip(_BLANKS) for cell in cells) and (
            row.ended or len(row.cells) in (1, self._layout.width)
        )

    def _is_comment(self, row: Row) -> bool:
        if not self._comment:
            return False
        begin = next(iter(row.cells or row.pieces), "")
        return begin.lstrip().startswith(self._comment)

    def _pass_over(self, row: Row, blank: int = 0, skipped: int = 0, rows: int = 0) -> None:
        """A row that is no part of any order, unless it turns out to stand within one."""
        between = self._between
        between.last, between.rows = row, between.rows + rows
        between.blank, between.skipped = between.blank + blank, between.skipped + skipped
        ensure_few_blanks(self.mark.tally.blank + between.blank)

    def _pass_on(self, between: Between) -> None:
        """These rows stand behind the last order."""
        tally = self.mark.tally
        if between.last is not None:
            tally = replace(tally, blank=tally.blank + between.blank, skipped=tally.skipped + between.skipped)
            counted = self.mark.counted
            if between.rows:
                counted = replace(counted, rows=counted.rows + between.rows)
            self.mark = replace(self.mark, place=between.last.place, tally=tally, counted=counted)

    def _advance(
        self,
        row: Row,
        first_line: int,
        rows: int,
        doubt: int = 0,
        content: Mapping[str, Any] | None = None,
        is_left_out: bool = False,
        is_number_doubtful: bool = False,
    ) -> None:
        """Behind a record, or an order that is left out."""
        tally, counted, lines = self.mark.tally, self.mark.counted, row.last_line - first_line + 1
        skipped, records = (lines, 0) if is_left_out else (0, lines)
        tally = Tally(tally.header, tally.blank, tally.skipped + skipped, tally.records + records)
        if self._trailer is not None:
            counted = counted.plus(rows, content)
        self.mark = Mark(row.place, tally, doubt, bool(doubt) and is_number_doubtful, counted)


def _doubted(line: int) -> Problem:
    return ("", f"line {line} cannot be read and may be one of its rows")


def _sentence(problem: Problem) -> str:
    return ": ".join(filter(None, problem))
