"""From an ERP's rows to the JSON of an order: every field by its rule, every fault named with its column.

Compiled once per source into closures over column positions; deterministic: the same rows make the same order.
"""

from __future__ import annotations

from typing import Any

from chalicelib.mapping.faults import BadRow, Fault
from chalicelib.mapping.rules import MappingContext, apply, origins, rules_of, sum_of_lines
from chalicelib.mapping.values import BadValue, to_integer
from poller.database.queries import Queries
from poller.reading.reader import RawOrder
from poller.source.model import Source


class Mapper:
    """Maps the raw orders of one source."""

    def __init__(self, source: Source, queries: Queries) -> None:
        self._source = source
        self.queries = queries
        header, lines = queries.header_columns, queries.line_columns
        around = MappingContext(source.codes, source.timezone, source.ambiguous_time)
        self._rules = rules_of(source.order, header, around)
        self._line_rules = rules_of(source.line, lines, around)
        self._numbered = source.line.line.computed is not None
        self._summed = source.order.total.computed is not None
        count = source.lines.count
        self._count = header.index(count) if count is not None else -1
        self.origin = origins(source.order, source.line)

    def __call__(self, order: RawOrder) -> dict[str, Any]:
        """The order as the API's JSON object. Raises BadRow with every fault."""
        if order.fault is not None:
            raise BadRow((order.fault,))
        faults: list[Fault] = []
        mapped: dict[str, Any] = {"source": self._source.name}
        apply(self._rules, order.header, mapped, "", faults)
        mapped["lines"] = self._lines(order, faults)
        if faults:
            raise BadRow(tuple(faults))
        if self._summed:
            mapped["total"] = sum_of_lines(mapped)
        return mapped

    def external_id(self, order: RawOrder) -> str:
        """The order's number alone. Raises BadRow."""
        faults: list[Fault] = []
        mapped: dict[str, Any] = {}
        apply([rule for rule in self._rules if rule.field == "external_id"], order.header, mapped, "", faults)
        if faults:
            raise BadRow(tuple(faults))
        return str(mapped["external_id"])

    def _lines(self, order: RawOrder, faults: list[Fault]) -> list[dict[str, Any]]:
        if not order.lines:
            faults.append(Fault("lines", "", "the order has no lines (yet)"))
        if self._count >= 0:
            self._complete(order, faults)
        lines: list[dict[str, Any]] = []
        for number, row in enumerate(order.lines):
            line: dict[str, Any] = {"line": number + 1} if self._numbered else {}
            apply(self._line_rules, row, line, f"lines[{number}].", faults)
            lines.append(line)
        return lines

    def _complete(self, order: RawOrder, faults: list[Fault]) -> None:
        column = self._source.lines.count or ""
        try:
            announced = to_integer(order.header[self._count])
        except BadValue as error:
            faults.append(Fault("lines", column, str(error)))
            return
        if announced != len(order.lines):
            faults.append(Fault("lines", column, f"announces {announced} lines, there are {len(order.lines)}"))
