"""The rows of one order while they are read, and what stands between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv.reading import Reading
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS
from chalicelib.batches.parsing.records import TOO_LONG, Problem

MAX_ROWS = 10_000
"""Of one order number: beyond, it is none."""

MAX_REMARKS = 100
"""Behind one order. Where there are more, nobody knows whether it has ended."""

MAX_PROBLEMS = 100
"""Of one order. A report names fewer."""


@dataclass(slots=True)
class Between:
    """Rows behind the last one of an order, which are part of it only if another one follows. `rows`: how many of the
    skipped ones hold data, as comments do not. `remark`: the row behind these, if it is of no order by itself."""

    blank: int = 0
    skipped: int = 0
    rows: int = 0
    last: Row | None = None
    remark: tuple[Row, Reading] | None = None


@dataclass(slots=True)
class OrderRows:
    """The rows of an order as far as they were read. `in_file`: all that stand there, those that are skipped too.

    `spoils_next`: the line of its last row, if that may hold a row of the next order as well, or be one.
    """

    external_id: str
    first: Row
    last: Row
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0
    in_file: int = 0
    spoils_next: int = 0
    characters: int = 0

    def add(self, row: Row, problem: Problem | None = None) -> None:
        """Raises BrokenFile for more rows than any order has."""
        self.last = row
        self.count += 1
        self.in_file += 1
        self.characters += sum(map(len, row.cells)) + len(row.cells)
        if self.count > MAX_ROWS:
            raise BrokenFile(
                f"from line {self.first.line} on more than {MAX_ROWS:,} rows have the same order number: "
                "does the mapping read external_id from the right column?"
            )
        if self.characters > MAX_RECORD_CHARACTERS:
            problem = problem or TOO_LONG
        if problem is not None:
            self.problems = [*self.problems[: MAX_PROBLEMS - 1], problem]
        else:
            self.rows.append(row)
