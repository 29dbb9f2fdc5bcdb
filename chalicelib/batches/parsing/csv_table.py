"""The beginning of a CSV file: what stands above its header row, the header row, and how the rows below are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_header import columns_by_position
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.csv_rows import RowForm
from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.lines import Line, Place, lines_of

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
    form = RowForm(mapping.delimiter, mapping.quote)
    titles = mapping.skip_rows
    for line in lines_of(replace(text, pieces=iter((first,)))):
        written = (line.text or "").strip()
        if (
            line.number == 1
            and written.lower().startswith(_DELIMITER_LINE)
            and len(written) <= len(_DELIMITER_LINE) + 1
        ):
            form = replace(form, delimiter=written[len(_DELIMITER_LINE) :] or "\t")
        elif titles:
            titles -= 1
        elif any(cell.strip() for cell in form.row(line).cells):
            columns = columns_by_position(form.row(line).cells, mapping)
            breaks = frozenset(position for position, name in enumerate(columns) if mapping.may_break(name))
            width = len(columns) + mapping.trailing_delimiter
            form = replace(form, width=width, breaks=breaks if mapping.quote else frozenset())
            return Table(columns, form, Place(line.end, line.number), text)
        elif line.text is None or form.row(line).pieces:
            raise BrokenFile(
                f"the header row, in line {line.number}, cannot be read: a quote does not close, or it is too long"
            )
    raise BrokenFile("the file has no header row with the names of the columns")
