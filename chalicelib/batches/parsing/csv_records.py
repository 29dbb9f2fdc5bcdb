"""From the text of a CSV file to its records: consecutive rows of one order number become one order."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import ALL_OTHERS, CsvMapping
from chalicelib.batches.parsing.records import (
    MAX_RECORD_CHARACTERS,
    REPLACED,
    TOO_LONG,
    FileRecord,
    numbered_lines,
)
from chalicelib.domain.order import MAX_LINES
from chalicelib.mapping.faults import Fault
from chalicelib.mapping.rules import MappingContext, apply, columns_of, rules_of, sum_of_lines

MAX_NAMED = 8
"""Columns named in one message."""

Row = tuple[int, list[str]]
"""The line of the file on which the row begins, and its cells."""


def csv_records(pieces: Iterable[str], mapping: CsvMapping, source: str) -> Iterator[FileRecord]:
    """One record per order. Raises BrokenFile if the header does not fit the mapping, or a quote never ends."""
    rows = _rows(pieces, mapping)
    _, header = next(rows, (0, []))
    names = _checked_header([name.strip() for name in header], mapping)
    orders = _Orders(names, mapping, source)
    for group in orders.grouped(rows):
        yield orders.record(group)


def _rows(pieces: Iterable[str], mapping: CsvMapping) -> Iterator[Row]:
    """The csv module reads lines from us as it needs them; the first line of a row is the one it asked for first."""
    asked = [0]
    too_long: list[int] = []
    held = [0]

    def lines() -> Iterator[str]:
        for number, line in numbered_lines(pieces):
            asked[0] = number
            if line is None:
                too_long.append(number)
                line = ""
            held[0] += len(line) + 1
            if held[0] > MAX_RECORD_CHARACTERS:
                raise BrokenFile(f"a quote that opens before line {number} never closes: the rest would be one cell")
            yield line + "\n"

    reader = csv.reader(lines(), delimiter=mapping.delimiter, quotechar=mapping.quote, strict=True)
    csv.field_size_limit(MAX_RECORD_CHARACTERS)
    while True:
        begin = asked[0] + 1
        held[0] = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BrokenFile(f"the CSV cannot be read at line {asked[0]}: {error}") from None
        if too_long:
            yield too_long.pop(), []
        elif any(cell.strip() for cell in cells):
            yield begin, cells


def _checked_header(names: list[str], mapping: CsvMapping) -> list[str]:
    if not any(names):
        raise BrokenFile("the file has no header row with the names of the columns")
    if REPLACED in "".join(names):
        raise BrokenFile("the header row is not of the file's encoding: correct `encoding` in the mapping")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BrokenFile(f"the header row names a column twice: {_listed(repeated)}")
    missing = {column: fields for column, fields in mapping.required.items() if column not in names}
    if missing:
        raise BrokenFile(f"the header row lacks columns that the mapping names: {_lacking(missing, names, mapping)}")
    unknown = [name for name in names if name not in mapping.columns and name not in mapping.ignore]
    if unknown and ALL_OTHERS not in mapping.ignore:
        raise BrokenFile(
            f"the mapping does not know these columns: {_listed(unknown)}; map them or name them in `ignore`"
        )
    return names


class _Orders:
    """Makes orders of rows, with the rules compiled for this header."""

    def __init__(self, names: list[str], mapping: CsvMapping, source: str) -> None:
        around = MappingContext(mapping.codes, mapping.timezone, mapping.ambiguous_time)
        self._names = names
        self._source = source
        self._mapping = mapping
        self._rules = rules_of(mapping.order, names, around)
        self._line_rules = rules_of(mapping.line, names, around)
        self._key = [names.index(column) for column in mapping.order.external_id.origin]
        self._header = [(column, names.index(column)) for column in columns_of(mapping.order) if column in names]

    def grouped(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """The rows of one order; of an order with too many, as many as it takes to say so."""
        group: list[Row] = []
        for row in rows:
            if group and self._same_order(group[0][1], row[1]):
                if len(group) <= MAX_LINES:
                    group.append(row)
                continue
            if group:
                yield group
            group = [row]
        if group:
            yield group

    def _same_order(self, first: Sequence[str], other: Sequence[str]) -> bool:
        """Rows of the wrong length stand alone: nobody knows which cell is which."""
        if len(first) != len(self._names) or len(other) != len(self._names):
            return False
        key = [first[position] for position in self._key]
        return any(key) and key == [other[position] for position in self._key]

    def record(self, group: list[Row]) -> FileRecord:
        line, cells = group[0]
        if not cells:
            return FileRecord(line, problems=(TOO_LONG,))
        if len(cells) != len(self._names):
            problem = f"has {len(cells)} cells, the header row has {len(self._names)}: a quote or delimiter is missing"
            return FileRecord(line, problems=(("", problem),))
        order: dict[str, Any] = {"source": self._source}
        faults: list[Fault] = []
        apply(self._rules, cells, order, "", faults)
        external_id = str(order.get("external_id", ""))
        self._compare_headers(group, faults)
        order["lines"] = [self._line(number, row, faults) for number, (_, row) in enumerate(group)]
        if faults:
            return FileRecord(
                line, problems=tuple((fault.field, _told(fault)) for fault in faults), external_id=external_id
            )
        if self._mapping.order.total.computed is not None:
            order["total"] = sum_of_lines(order)
        return FileRecord(line, json.dumps(order, ensure_ascii=False, separators=(",", ":")), external_id=external_id)

    def _line(self, number: int, cells: Sequence[str], faults: list[Fault]) -> dict[str, Any]:
        line: dict[str, Any] = {"line": number + 1} if self._mapping.line.line.computed is not None else {}
        apply(self._line_rules, cells, line, f"lines[{number}].", faults)
        return line

    def _compare_headers(self, group: list[Row], faults: list[Fault]) -> None:
        first = group[0][1]
        for column, position in self._header:
            if any(row[position] != first[position] for _, row in group[1:]):
                faults.append(Fault("", column, "differs between the rows of the order"))


def _told(fault: Fault) -> str:
    return f"{fault.reason} (column {fault.column})" if fault.column else fault.reason


def _lacking(missing: Mapping[str, Sequence[str]], names: Sequence[str], mapping: CsvMapping) -> str:
    """Each column with the fields that are read from it, and what can be done."""
    listed = _listed([f"{column} ({', '.join(fields)})" for column, fields in missing.items()])
    if len(names) == 1:
        return f"{listed}; it has one column only: is {mapping.delimiter!r} the delimiter?"
    marked = "`optional = true` marks the column of a field that orders may be without"
    return f"{listed}; add them to the file, or correct the mapping, in which {marked}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(name[:60] or "(no name)" for name in names[:MAX_NAMED])
    return shown + (f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else "")
