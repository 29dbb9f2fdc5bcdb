"""Files whose records are of several kinds: a row for the header of an order, then a row for each of its lines.

An order is what stands from one header row to the next. Its rows are put together to the wide rows of a file that
repeats the header in every line; from there on, both are read alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.batches.parsing.csv.layout import Layout, begins_totals
from chalicelib.batches.parsing.csv.reading import Reading
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.csv_mapping import CsvMapping, Kinds
from chalicelib.batches.parsing.records import Problem


def layout_of(columns: Sequence[str], mapping: CsvMapping, source: str) -> Layout:
    """What the rows of this file mean."""
    if mapping.kinds is None:
        return Layout(columns, mapping, source)
    return KindsLayout(mapping.kinds, columns, mapping, source)


def wide_columns(kinds: Kinds) -> tuple[str, ...]:
    """The columns of all kinds, those of lines last; one that several kinds have stands once."""
    others = [kind for kind in kinds.columns if kind not in (kinds.begin, kinds.line)]
    named = dict.fromkeys(name for kind in (kinds.begin, *others, kinds.line) for name in kinds.columns[kind] if name)
    last = kinds.columns[kinds.line][-1:]
    return (*named, *(() if last == tuple(named)[-1:] else ("",)))


class KindsLayout(Layout):
    """A layout of wide rows, and how they are made of narrow ones."""

    def __init__(self, kinds: Kinds, columns: Sequence[str], mapping: CsvMapping, source: str) -> None:
        super().__init__(columns, mapping, source)
        self._kinds = kinds
        self._end = int(mapping.trailing_delimiter)
        self._slots = {
            kind: [(place, columns.index(name)) for place, name in enumerate(names, 1) if name]
            for kind, names in kinds.columns.items()
        }
        first = {slot for _, slot in self._slots[kinds.begin]}
        self._shared = {
            kind: [] if kind == kinds.begin else [(place, slot) for place, slot in slots if slot in first]
            for kind, slots in self._slots.items()
        }
        own_key = {*mapping.order.external_id.origin}
        self._with_key = {kind for kind, names in kinds.columns.items() if own_key <= {*names}}

    @property
    def width(self) -> int:
        """Of the widest kind."""
        return 1 + max(map(len, self._kinds.columns.values())) + self._end

    def leaves_out(self, row: Row) -> bool:
        return bool(row.cells) and row.cells[0].strip() in self._kinds.skip

    def padded(self, row: Row) -> Row:
        names = self._kinds.columns.get(row.cells[0].strip()) if row.cells else None
        return self.filled(row, self._width(names)) if names is not None else row

    def read(self, row: Row) -> Reading:
        if not row.cells:
            return Reading(problem=("", self.unreadable(row)))
        kind = row.cells[0].strip()
        names = self._kinds.columns.get(kind)
        if names is None:
            known = ", ".join((*self._kinds.columns, *self._kinds.skip))
            told = f"is of a kind that the mapping does not know: it knows {known}"
            return Reading(problem=("", told), is_remark=begins_totals(row))
        if len(row.cells) != self._width(names) or (self._end and row.cells[-1].strip()):
            told = f"has {len(row.cells)} cells, a row of kind {kind} has {self._width(names)}"
            return Reading(problem=("", f"{told}: a quote or delimiter is missing"))
        alone = ("", f"is of kind {kind}, and there is no row of kind {self._kinds.begin} above it to which it belongs")
        if kind not in self._with_key:
            return Reading(continues=True, alone=alone)
        found = self.key(self._filled([""] * len(self._columns), row))
        begins = kind == self._kinds.begin
        problem = found.problem or (None if found.external_id else ("external_id", "is empty"))
        return Reading(found.external_id, problem, begins=begins, is_part=not begins, alone=alone)

    def _width(self, names: Sequence[str]) -> int:
        return 1 + len(names) + self._end

    def _filled(self, wide: list[str], row: Row) -> list[str]:
        for place, slot in self._slots[row.cells[0].strip()]:
            wide[slot] = row.cells[place]
        return wide

    def left_out(self, rows: Sequence[Row]) -> bool:
        if not self._content.where:
            return False
        wide, problems = self._wide(rows)
        return bool(wide) and not problems and super().left_out(wide)

    def order(self, rows: Sequence[Row]) -> tuple[dict[str, Any], list[Problem]]:
        wide, problems = self._wide(rows)
        if not wide:
            return {}, [*problems, ("lines", f"the order has no row of kind {self._kinds.line}")]
        content, faults = super().order(wide)
        return content, problems + faults

    def is_whole_at_end(self, rows: Sequence[Row], text: str) -> bool:
        if not rows[-1].ended and rows[-1].cells[0].strip() != self._kinds.line:
            return False
        return super().is_whole_at_end(self._wide(rows)[0], text)

    def _wide(self, rows: Sequence[Row]) -> tuple[list[Row], list[Problem]]:
        """A row for each line, with all that stands in the other rows of the order."""
        problems: list[Problem] = []
        header, seen, lines = [""] * len(self._columns), set[str](), []
        for row in rows:
            kind = row.cells[0].strip()
            if kind == self._kinds.line:
                lines.append(row)
                continue
            if kind in seen:
                problems.append(("", f"line {row.line} is one more row of kind {kind}, of which an order has one"))
            seen.add(kind)
            self._add(header, row, problems)
        wide = [row._replace(cells=self._add([*header], row, problems)) for row in lines]
        return wide, problems

    def _add(self, header: list[str], row: Row, problems: list[Problem]) -> list[str]:
        """The cells of the row put into the header. What stands there from the row that begins the order must be the
        same."""
        before = [(slot, header[slot]) for _, slot in self._shared[row.cells[0].strip()]]
        self._filled(header, row)
        for slot, cell in before:
            if slot not in self._key_at and header[slot].strip() != cell.strip():
                told = f"differs in line {row.line} from the row of kind {self._kinds.begin}"
                problems.append(("", f"{told} (column {self._columns[slot]})"))
            header[slot] = cell
        return header
