"""What the rows of one order say, by the mapping: its JSON, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from operator import itemgetter
from typing import Any

import msgspec

from chalicelib.batches.parsing.csv.choices import Choices
from chalicelib.batches.parsing.csv.rows import Row
from chalicelib.batches.parsing.csv_mapping import CsvMapping
from chalicelib.batches.parsing.records import Problem
from chalicelib.domain.order import MAX_LINES
from chalicelib.mapping.faults import Fault
from chalicelib.mapping.field_model import LineFields
from chalicelib.mapping.rules import MappingContext, Rule, apply, rules_of, sum_of_lines
from chalicelib.mapping.values import BadValue, to_integer

_encode = msgspec.json.Encoder().encode


class Content:
    """The rules of the mapping, compiled for the columns of one file."""

    def __init__(self, columns: Sequence[str], mapping: CsvMapping, source: str) -> None:
        around = MappingContext(mapping.codes, mapping.timezone, mapping.ambiguous_time)
        self._columns = columns
        self._source = source
        self._mapping = mapping
        self.rules = rules_of(mapping.order, columns, around)
        self.header = [(name, columns.index(name)) for name in mapping.header_columns if name in columns]
        self.where = Choices("where", mapping.where, columns)
        self.line_where = Choices("line_where", mapping.line_where, columns)
        self._line_rules = rules_of(mapping.line, columns, around)
        self._extra = [(fields, rules_of(fields, columns, around)) for fields in mapping.extra_lines]
        self._header_cells = itemgetter(*(position for _, position in self.header)) if self.header else tuple
        self._key_columns = frozenset(mapping.order.external_id.origin)
        self._count_at = columns.index(mapping.row_count) if mapping.row_count is not None else None

    def left_out(self, rows: Sequence[Row]) -> bool:
        """Whether the mapping leaves the order out. It does not if the rows of its header differ."""
        if not self.where or self.where.leave_out(rows[0].cells) is not True:
            return False
        faults: list[Fault] = []
        self._compare_headers(rows, faults)
        return not faults

    def order(self, rows: Sequence[Row]) -> tuple[dict[str, Any], list[Problem]]:
        """The JSON of the order that these rows make, and what is wrong with it."""
        faults: list[Fault] = []
        order: dict[str, Any] = {"source": self._source}
        apply(self.rules, rows[0].cells, order, "", faults)
        self._compare_headers(rows, faults)
        if self.where and isinstance(fault := self.where.leave_out(rows[0].cells), Fault):
            faults.append(fault)
        self._count_rows(rows, faults)
        goods = self._goods(rows, faults) if self.line_where else rows
        lines = order["lines"] = [self._line(number, row.cells, faults) for number, row in enumerate(goods)]
        for fields, rules in self._extra:
            self._add_extra(fields, rules, rows[0].cells, lines, faults)
        if len(lines) > MAX_LINES:
            faults.append(Fault("lines", "", f"has {len(lines)} lines, at most {MAX_LINES} may be in an order"))
        if not faults and self._mapping.order.total.computed is not None:
            order["total"] = sum_of_lines(order)
        return order, [(fault.field, told(fault)) for fault in faults]

    def _count_rows(self, rows: Sequence[Row], faults: list[Fault]) -> None:
        """Where each order says how many rows it has."""
        if self._count_at is None:
            return
        column = self._columns[self._count_at]
        try:
            announced = to_integer(rows[0].cells[self._count_at].strip() or None)
        except BadValue as error:
            faults.append(Fault("", column, str(error)))
            return
        if announced != len(rows):
            faults.append(Fault("", column, f"says that the order has {announced} rows, there are {len(rows)}"))

    def _goods(self, rows: Sequence[Row], faults: list[Fault]) -> list[Row]:
        """The rows that are lines of the order."""
        found = []
        for row in rows:
            decision = self.line_where.leave_out(row.cells)
            if isinstance(decision, Fault):
                faults.append(replace(decision, reason=f"line {row.line} {decision.reason}"))
            elif not decision:
                found.append(row)
        if not found and not faults:
            faults.append(Fault("lines", "", "all rows of the order are left out by [line_where]"))
        return found

    def _add_extra(
        self,
        fields: LineFields,
        rules: Sequence[Rule],
        cells: Sequence[str],
        lines: list[dict[str, Any]],
        faults: list[Fault],
    ) -> None:
        """A line that the mapping makes of cells of the order, such as its shipping; none if it costs nothing."""
        number, found = len(lines), list[Fault]()
        line: dict[str, Any] = {"line": number + 1} if fields.line.computed is not None else {}
        apply(rules, cells, line, f"lines[{number}].", found)
        if Decimal(line.get("unit_price", 1)):
            lines.append(line)
            faults += found

    def _line(self, number: int, cells: Sequence[str], faults: list[Fault]) -> dict[str, Any]:
        line: dict[str, Any] = {"line": number + 1} if self._mapping.line.line.computed is not None else {}
        apply(self._line_rules, cells, line, f"lines[{number}].", faults)
        return line

    def _compare_headers(self, rows: Sequence[Row], faults: list[Fault]) -> None:
        first = rows[0].cells
        if len(rows) == 1 or not self.header:
            return
        same = self._header_cells(first)
        others = [row.cells for row in rows[1:] if self._header_cells(row.cells) != same]
        for column, position in self.header if others else ():
            if column in self._key_columns:  # the same number, perhaps written in another way
                continue
            own = first[position].strip()
            allowed = (own, "") if self._mapping.carries_down(column) else (own,)
            if any(cells[position].strip() not in allowed for cells in others):
                faults.append(Fault("", column, "differs between the rows of the order"))


def record_text(order: dict[str, Any]) -> str:
    """An order as one line of JSON."""
    return _encode(order).decode()


def told(fault: Fault) -> str:
    """Why, and from which column."""
    return f"{fault.reason} (column {fault.column})" if fault.column else fault.reason
