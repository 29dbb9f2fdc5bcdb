"""The beginning of a CSV file: what stands above its header row, the header row, and how the rows below are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv.header import columns_by_position, ensure_names
from chalicelib.batches.parsing.csv.kinds import wide_columns
from chalicelib.batches.parsing.csv.rows import RowForm
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.foreign import LOOKED_AT, looks_like_json
from chalicelib.batches.parsing.lines import START, Line, Place, lines_of

_DELIMITER_LINE = "sep="
"""With which a file tells spreadsheets its delimiter, in a line of its own at the top."""


@dataclass(frozen=True, slots=True)
class Table:
    """`header` is the place behind the header row."""

    columns: tuple[str, ...]
    form: RowForm
    header: Place
    text: PlainText

    def lines_from(self, place: Place) -> Iterator[Line]:
        """The lines below the header, or from a place further down."""
        return lines_of(self.text, place if place.lines else self.header)


def opened(text: PlainText, mapping: CsvMapping) -> Table:
    """Reads the header. Raises BrokenFile if it does not fit the mapping."""
    first = next(text.pieces, b"")
    text = replace(text, pieces=chain((first,), text.pieces))
    lines = lines_of(replace(text, pieces=iter((first,))))
    form, place, lines = _delimited(lines, RowForm(mapping.delimiter, mapping.quote))
    for line in islice(lines, mapping.skip_rows):
        place = Place(line.end, line.number)
    if mapping.kinds is not None:
        for names in mapping.kinds.columns.values() if mapping.kinds.header_rows else ():
            line, cells = _header_row(lines, form)
            ensure_names(cells, names, line.number)
            place = Place(line.end, line.number)
        return Table(wide_columns(mapping.kinds), form, place, text)
    line, cells = _header_row(lines, form)
    columns = columns_by_position(cells, mapping)
    breaks = frozenset(position for position, name in enumerate(columns) if mapping.may_break(name))
    width = len(columns) + mapping.trailing_delimiter
    form = replace(form, width=width, breaks=breaks if mapping.quote else frozenset())
    return Table(columns, form, Place(line.end, line.number), text)


def _delimited(lines: Iterator[Line], form: RowForm) -> tuple[RowForm, Place, Iterator[Line]]:
    """The form with the delimiter that the first line names, if it does, and the place behind that line."""
    line = next(lines, None)
    written = (line.text or "").strip() if line else ""
    if line is None or not written.lower().startswith(_DELIMITER_LINE) or len(written) > len(_DELIMITER_LINE) + 1:
        return form, START, lines if line is None else chain((line,), lines)
    delimiter = written[len(_DELIMITER_LINE) :] or "\t"
    return replace(form, delimiter=delimiter), Place(line.end, line.number), lines


def _header_row(lines: Iterator[Line], form: RowForm) -> tuple[Line, Sequence[str]]:
    """The first row that is not blank."""
    for line in lines:
        row = form.row(line)
        if any(cell.strip() for cell in row.cells):
            return line, row.cells
        if line.text is None or row.pieces:
            why = looks_like_json((line.text or "")[:LOOKED_AT]) or "a quote does not close, or it is too long"
            raise BrokenFile(f"the header row, in line {line.number}, cannot be read: {why}")
    raise BrokenFile("the file has no header row with the names of the columns")
