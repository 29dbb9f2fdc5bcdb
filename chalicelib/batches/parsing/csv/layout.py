"""What the cells of a row mean, by the mapping and the header row of one file: whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.batches.parsing.csv.content import Content, told
from chalicelib.batches.parsing.csv.proof import is_whole
from chalicelib.batches.parsing.csv.reading import Reading
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.csv_mapping import ALL_OTHERS, CsvMapping
from chalicelib.batches.parsing.records import TOO_LONG, Problem
from chalicelib.mapping.faults import Fault
from chalicelib.mapping.rules import columns_of
from chalicelib.mapping.values import BadValue
from chalicelib.orders import keys

MAX_SHIFT = 20
"""Delimiters too many in one row, up to which its order number is looked for."""

_TOTALS = re.compile(
    r"(?:grand[ _-]?|sub[ _-]?)?(?:totals?|totales?|sums?|summen?|gesamt\w*|zwischensumme|count|anzahl)\b"
    r"|(?:trailer|trl|eof|ende?|fine?)\b",
    re.IGNORECASE,
)
"""How a row begins that sums up others: it is part of no order, whatever its length."""


class Layout:
    """Whose the rows of one file are."""

    def __init__(self, columns: Sequence[str], mapping: CsvMapping, source: str) -> None:
        self._columns = columns
        self._mapping = mapping
        self._content = Content(columns, mapping, source)
        self._key_rule = next(rule for rule in self._content.rules if rule.field == "external_id")
        self._key_at = [columns.index(name) for name in mapping.order.external_id.origin if name in columns]
        self._lines_at = [columns.index(name) for name in columns_of(mapping.line) if name in columns]
        self._header_only = sorted(
            {position for _, position in self._content.header} - {*self._lines_at, *self._key_at}
        )
        self._sku_at = [columns.index(name) for name in mapping.line.sku.origin if name in columns]
        strict = ALL_OTHERS not in mapping.ignore
        self._nameless = [position for position, name in enumerate(columns) if not name and strict]
        if mapping.trailing_delimiter:
            self._nameless.append(len(columns))
        self._last_key: tuple[list[str], Reading] = ([], Reading())

    @property
    def width(self) -> int:
        return len(self._columns) + self._mapping.trailing_delimiter

    def read(self, row: Row) -> Reading:
        """Of which order a row is."""
        cells = row.cells
        if len(cells) == self.width and not any(cells[position].strip() for position in self._nameless):
            raw = [cells[position] for position in self._key_at]
            if raw != self._last_key[0]:
                self._last_key = (raw, self.key(cells))
            found = self._last_key[1]
            if found.external_id or found.problem:
                return found
            return self._without_key(cells)
        problem = ("", self.unreadable(row))
        if begins_totals(row):
            return Reading(problem=problem, is_remark=True)
        count = len(cells or row.pieces)
        return Reading(
            problem=problem,
            candidates=tuple(self._candidates(row)),
            holds_more=2 * count > 3 * self.width,
            ends_in_number=count <= max(self._key_at) + 1 and not self.knows_its_numbers,
        )

    def _without_key(self, cells: Sequence[str]) -> Reading:
        """A continuation, where rows may be that; else a row that is of the order beside it for all we know, unless it
        has nothing that makes it one of any: neither header nor SKU."""
        with_header = any(cells[position].strip() for position in self._header_only)
        if not with_header and not any(cells[position].strip() for position in self._sku_at):
            is_text = self._mapping.continuation == "blank" and self._content.line_where.leave_out(cells) is True
            return Reading(continues=is_text, is_remark=not is_text)
        if self._mapping.continuation == "blank" and with_header:
            return Reading(problem=("external_id", "is empty in a row that has cells of an order's header"))
        return Reading(continues=self._mapping.continuation == "blank")

    @property
    def knows_its_numbers(self) -> bool:
        """Whether an order number is known by how it is written, wherever it stands."""
        return self._mapping.order.external_id.pattern is not None

    def leaves_out(self, row: Row) -> bool:
        """Whether the row is one that nobody needs, whatever order it stands in."""
        return False

    def padded(self, row: Row) -> Row:
        """The row with the cells that its writer leaves out at the end, if the mapping says that he does."""
        return self.filled(row, self.width)

    def filled(self, row: Row, width: int) -> Row:
        """The same for any width."""
        if self._mapping.ragged != "pad" or not 0 < len(row.cells) < width:
            return row
        return row._replace(cells=[*row.cells, *[""] * (width - len(row.cells))])

    def _candidates(self, row: Row) -> Iterator[str]:
        cells = list(row.cells or row.pieces)
        for shift in range(min(max(len(cells) - self.width, 0), MAX_SHIFT) + 1):
            shifted = cells[shift : shift + self.width]
            found = self.key([*shifted, *[""] * (self.width - len(shifted))])
            if found.external_id:
                yield found.external_id

    def left_out(self, rows: Sequence[Row]) -> bool:
        """Whether the mapping leaves the order out. It does not if the rows of its header differ."""
        return self._content.left_out(rows)

    def order(self, rows: Sequence[Row]) -> tuple[dict[str, Any], list[Problem]]:
        """The JSON of the order that these rows make, and what is wrong with it."""
        return self._content.order(rows)

    def is_whole_at_end(self, rows: Sequence[Row], text: str) -> bool:
        """Whether the end of the file has cut nothing off the order that stands there."""
        is_last_compared = len(rows) > 1 and self._columns[-1] in dict(self._content.header)
        return is_whole(text, rows[-1].ended, self._columns[-1], is_last_compared, self._mapping)

    def key(self, cells: Sequence[str]) -> Reading:
        """The order number of a row."""
        rule = self._key_rule
        try:
            value = rule.extract(cells)
            external_id = "" if value is None else keys.composed(str(rule.convert(value)))
        except BadValue as error:
            return Reading(problem=(rule.field, told(Fault(rule.field, rule.column, str(error)))))
        if problem := keys.unreadable(external_id):
            return Reading(problem=(rule.field, f"{problem} (column {rule.column})"))
        return Reading(external_id)

    def unreadable(self, row: Row) -> str:
        """Why nobody knows what the cells of a row are."""
        if row.cells:
            nameless = len(row.cells) == self.width
            if nameless:
                return "has something in a column that has no name: a delimiter is missing or too many"
            return f"has {len(row.cells)} cells, the header row has {self.width}: a quote or delimiter is missing"
        if row.pieces:
            return (
                "holds a quote that does not close on its line, or that something follows: write quotes within a cell "
                'twice, name columns that hold line breaks in `line_breaks`, or say `quote = ""` if quotes mean nothing'
            )
        return TOO_LONG[1]


def begins_totals(row: Row) -> bool:
    """Whether a row that is no order's says itself that it sums up others."""
    return bool(_TOTALS.match(next((cell.strip() for cell in row.cells or row.pieces if cell.strip()), "")))
