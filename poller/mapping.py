"""From an ERP's rows to the JSON of an order: every field by its rule, every fault named with its column.

Compiled once per source into closures over column positions; deterministic: the same rows make the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.money import MINOR_UNITS, Money
from poller.connection import Row
from poller.errors import BadRow, Fault
from poller.field_model import FieldSource
from poller.queries import Queries
from poller.reader import RawOrder
from poller.source_file import field_sources
from poller.source_model import Source
from poller.transforms import Transform, compile_transform
from poller.values import BadValue, Value, plain, to_decimal, to_integer, to_text, to_timestamp

Extract = Callable[[Row], Value]
Convert = Callable[[Value], Any]
MISSING = object()

OPTIONAL = frozenset({"payment.token"})


@dataclass(frozen=True, slots=True)
class _Rule:
    """One field: its path split for nested objects, its columns for messages, how to get and how to convert it."""

    field: str
    parent: str
    name: str
    column: str
    extract: Extract
    convert: Convert


class Mapper:
    """Maps the raw orders of one source."""

    def __init__(self, source: Source, queries: Queries) -> None:
        self._source = source
        self.queries = queries
        header, lines = queries.header_columns, queries.line_columns
        self._rules = [_rule(name, spec, header, source) for name, spec in _columns_of(source.order)]
        self._line_rules = [_rule(name, spec, lines, source) for name, spec in _columns_of(source.line)]
        self._numbered = source.line.line.computed is not None
        self._summed = source.order.total.computed is not None
        count = source.lines.count
        self._count = header.index(count) if count is not None else -1
        self.origin = _origins(source)

    def __call__(self, order: RawOrder) -> dict[str, Any]:
        """The order as the API's JSON object. Raises BadRow with every fault."""
        if order.fault is not None:
            raise BadRow((order.fault,))
        faults: list[Fault] = []
        mapped: dict[str, Any] = {"source": self._source.name, "payment": {}, "ship_to": {}}
        _apply(self._rules, order.header, mapped, "", faults)
        mapped["lines"] = self._lines(order, faults)
        if faults:
            raise BadRow(tuple(faults))
        if self._summed:
            mapped["total"] = _sum_of_lines(mapped)
        return mapped

    def external_id(self, order: RawOrder) -> str:
        """The order's number alone. Raises BadRow."""
        faults: list[Fault] = []
        mapped: dict[str, Any] = {}
        _apply([rule for rule in self._rules if rule.field == "external_id"], order.header, mapped, "", faults)
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
            _apply(self._line_rules, row, line, f"lines[{number}].", faults)
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


def _apply(rules: Sequence[_Rule], row: Row, target: dict[str, Any], prefix: str, faults: list[Fault]) -> None:
    for rule in rules:
        try:
            value = rule.extract(row)
            if value is None:
                if rule.field in OPTIONAL:
                    continue
                raise BadValue("is empty, and there is no default")
            converted = rule.convert(value)
        except BadValue as error:
            faults.append(Fault(prefix + rule.field, rule.column, str(error)))
            continue
        (target[rule.parent] if rule.parent else target)[rule.name] = converted


def _columns_of(fields: Any) -> list[tuple[str, FieldSource]]:
    return [(name, spec) for name, spec in field_sources(fields).items() if spec.computed is None]


def _rule(name: str, spec: FieldSource, columns: Sequence[str], source: Source) -> _Rule:
    parent, _, leaf = name.rpartition(".")
    return _Rule(name, parent, leaf, ", ".join(spec.origin), _extract(spec, columns, source), _convert(name, source))


def _extract(spec: FieldSource, columns: Sequence[str], source: Source) -> Extract:
    """Take, join, strip, transform, look up, default."""
    if spec.constant is not None:
        constant = spec.constant
        return lambda row: constant
    take = _take([columns.index(name) for name in spec.origin], spec.join, spec.keep_blanks)
    transforms = [compile_transform(text) for text in spec.transforms]
    codes = source.codes[spec.codes] if spec.codes is not None else None
    default = spec.default
    if not transforms and codes is None and default is None:
        return take

    def extract(row: Row) -> Value:
        value = take(row)
        if value is not None:
            value = _transformed(value, transforms)
            if codes is not None and value is not None:
                value = _decoded(value, codes, spec.codes or "")
        return default if value is None else value

    return extract


def _take(positions: list[int], join: str, keep_blanks: bool) -> Extract:
    if len(positions) == 1:
        position = positions[0]

        def single(row: Row) -> Value:
            value = row[position]
            if isinstance(value, str) and not keep_blanks:
                return value.strip() or None
            return value

        return single

    def several(row: Row) -> Value:
        texts = [to_text(value).strip() for value in (row[position] for position in positions) if value is not None]
        return join.join(text for text in texts if text) or None

    return several


def _transformed(value: Value, transforms: Sequence[Transform]) -> Value:
    for transform in transforms:
        value = transform(value)
        if value is None or value == "":
            return None
    return value


def _decoded(value: Value, codes: dict[str, str], table: str) -> Value:
    try:
        return codes[to_text(value)]
    except KeyError:
        if "*" in codes:
            return codes["*"]
        raise BadValue(f"is not in the code table {table}") from None


def _convert(name: str, source: Source) -> Convert:
    if name == "ordered_at":
        zone, ambiguous = ZoneInfo(source.timezone), source.ambiguous_time

        @lru_cache(maxsize=4096)
        def timestamp(value: Value) -> str:
            return to_timestamp(value, zone, ambiguous)

        return timestamp
    if name in ("line", "quantity"):
        return to_integer
    if name in ("total", "unit_price", "tax_rate"):
        return _decimal_text
    return _text


def _decimal_text(value: Value) -> str:
    return plain(to_decimal(value))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else to_text(value)


def _sum_of_lines(mapped: dict[str, Any]) -> str:
    """Each line rounded to the currency's cents, as most ERPs print invoices. An unknown currency is found later."""
    currency = mapped["currency"] if mapped["currency"] in MINOR_UNITS else "EUR"
    total = 0
    for line in mapped["lines"]:
        gross = line["quantity"] * Decimal(line["unit_price"]) * (1 + Decimal(line["tax_rate"]))
        total += Money.rounded(gross, currency).minor
    return plain(Decimal(total).scaleb(-MINOR_UNITS[currency]))


def _origins(source: Source) -> dict[str, str]:
    """Canonical field -> its ERP columns, to name the column when the order's own form check finds a fault."""
    origins = {name: ", ".join(spec.origin) for name, spec in field_sources(source.order).items()}
    lines = {f"lines[].{name}": ", ".join(spec.origin) for name, spec in field_sources(source.line).items()}
    return origins | lines
