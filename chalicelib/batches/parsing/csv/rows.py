"""From the lines of a CSV file to its rows. A row is a line: a quote that does not close on it spoils that line alone.

Only where the mapping names columns that may hold line breaks do rows take several lines. A stray quote in such a
column would swallow the rows up to the next one; so what looks swallowed is taken apart into lines again.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS, Line, Place

MAX_ROW_LINES = 1_000
"""Of one row, where cells may hold line breaks."""

csv.field_size_limit(MAX_RECORD_CHARACTERS)


class Row(NamedTuple):
    """The cells of a row, empty if it cannot be read; its first and last line, the byte behind it, and whether it has a
    line end. `pieces`: of a row that cannot be read, what stands between its delimiters, whatever they are."""

    line: int
    last_line: int
    end: int
    cells: Sequence[str]
    ended: bool = True
    pieces: Sequence[str] = ()

    @property
    def place(self) -> Place:
        """Behind the row."""
        return Place(self.end, self.last_line)


@lru_cache(maxsize=16)
def _as_standard(delimiter: str, quote: str) -> re.Pattern[str]:
    """RFC 4180: a cell is within quotes, and then its own quotes are doubled, or has none."""
    q, d = re.escape(quote), re.escape(delimiter)
    cell = f"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{d}]*)"
    return re.compile(f"{cell}(?:{d}{cell})*\\n?")


@dataclass(frozen=True, slots=True)
class RowForm:
    """How rows are written. `quote` is empty if quotes mean nothing. `breaks`: by position, which cells may hold line
    breaks; `width`, how many cells a row has, is needed for these only."""

    delimiter: str
    quote: str
    width: int = 0
    breaks: frozenset[int] = frozenset()

    def rows(self, lines: Iterable[Line]) -> Iterator[Row]:
        """Every row, blank ones too."""
        return self._spanning(lines) if self.breaks else map(self.row, lines)

    def row(self, line: Line) -> Row:
        """The row that takes one line."""
        number, text, end, ended = line
        if text is None:
            return Row(number, number, end, (), ended)
        if not self.quote or self.quote not in text:
            return Row(number, number, end, text.split(self.delimiter), ended)
        cells = self._parsed((text,))
        pieces = () if cells else text.replace(self.quote, "").split(self.delimiter)
        return Row(number, number, end, cells, ended, pieces)

    def _spanning(self, lines: Iterable[Line]) -> Iterator[Row]:
        source, held = iter(lines), deque[Line]()
        while line := held.popleft() if held else next(source, None):
            span, spanning = self._span(line, held, source), None
            if len(span) > 1:
                spanning = self._joined(span)
                if spanning is None:
                    held.extendleft(reversed(span[1:]))
            yield spanning or self.row(line)

    def _span(self, line: Line, held: deque[Line], source: Iterator[Line]) -> list[Line]:
        """The line and those behind it up to where its quotes close; the ones that were read on the way if they do not,
        and the line alone if that is no matter of quotes."""
        span, quotes, characters = [line], 0, 0
        while span[-1].text is not None:
            quotes += span[-1].text.count(self.quote)
            characters += len(span[-1].text)
            if quotes % 2 == 0 or len(span) == MAX_ROW_LINES or characters > MAX_RECORD_CHARACTERS:
                break
            following = held.popleft() if held else next(source, None)
            if following is None:
                break
            span.append(following)
        return span

    def _joined(self, span: Sequence[Line]) -> Row | None:
        """One row of several lines; None if that cannot have been meant."""
        if span[-1].text is None:
            return None
        cells = self._parsed([f"{line.text}\n" for line in span])
        broken = [(position, cell) for position, cell in enumerate(cells) if "\n" in cell]
        if len(cells) != self.width or any(not self._is_text(position, cell) for position, cell in broken):
            return None
        return Row(span[0].number, span[-1].number, span[-1].end, cells, span[-1].ended)

    def _is_text(self, position: int, cell: str) -> bool:
        """A cell that has swallowed the end of one row and the beginning of another holds a row's delimiters."""
        rows_worth = cell.count("\n") * (self.width - 1)
        return position in self.breaks and 2 * cell.count(self.delimiter) < max(rows_worth, 2)

    def _parsed(self, lines: Sequence[str]) -> Sequence[str]:
        """The cells of a row with quotes; none if it is not written as the standard has it.

        The csv module takes a quote within a cell that does not begin with one for a character. It may as well be what
        is left of a cell that a stray delimiter has cut.
        """
        if not _as_standard(self.delimiter, self.quote).fullmatch("".join(lines)):
            return ()
        reader = csv.reader(lines, delimiter=self.delimiter, quotechar=self.quote, strict=True)
        try:
            return next(reader)
        except (csv.Error, StopIteration):
            return ()
