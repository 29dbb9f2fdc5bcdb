"""The rules of a mapping, compiled once into closures over column positions: take, strip, transform, look up, default.

Deterministic: the same row gives the same fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.fields import FieldSpec
from chalicelib.domain.money import MINOR_UNITS, Money
from chalicelib.mapping.calculations import calculated
from chalicelib.mapping.faults import Fault
from chalicelib.mapping.field_model import FieldSource, LineFields, Model, OrderFields, Table
from chalicelib.mapping.transforms import Transform, compile_transform
from chalicelib.mapping.values import (
    Ambiguous,
    BadValue,
    Value,
    plain,
    to_decimal,
    to_integer,
    to_text,
    to_timestamp,
)

Row = Sequence[Value]
Extract = Callable[[Row], Value]
Convert = Callable[[Value], Any]


@dataclass(frozen=True, slots=True)
class MappingContext:
    """What rules refer to besides columns: code tables, and the zone of times without an offset."""

    codes: Mapping[str, Mapping[str, str]]
    timezone: str
    ambiguous_time: Ambiguous


@dataclass(frozen=True, slots=True)
class Rule:
    """One field: the nested objects on its path, its columns for messages, how to get and how to convert it.

    An `optional` one is left out where there is no value.
    """

    field: str
    parents: tuple[str, ...]
    name: str
    column: str
    optional: bool
    extract: Extract
    convert: Convert


def field_sources(fields: Model, prefix: str = "") -> dict[str, FieldSource]:
    """Canonical field path (`ship_to.name`) -> where it comes from, for a mapping model."""
    found: dict[str, FieldSource] = {}
    for name in type(fields).model_fields:
        value = getattr(fields, name)
        if isinstance(value, FieldSource):
            found[prefix + name] = value
        elif isinstance(value, Model):
            found.update(field_sources(value, f"{prefix}{name}."))
    return found


def rules_of(fields: Table, columns: Sequence[str], around: MappingContext) -> list[Rule]:
    """A rule for every field that is not computed; `columns` are the names of the row's positions."""
    return [
        _rule(path, fields.LEAVES[path], spec, columns, around)
        for path, spec in field_sources(fields).items()
        if spec.computed is None
    ]


def columns_of(fields: Model) -> tuple[str, ...]:
    """Every column that the fields read, each once."""
    return tuple(dict.fromkeys(column for spec in field_sources(fields).values() for column in spec.origin))


COMPUTED = {"order": {"total": "sum_of_lines"}, "line": {"line": "position"}}


def disagreements(order: OrderFields, line: LineFields, codes: Collection[str]) -> list[tuple[str, str]]:
    """What is wrong with a mapping as a whole: (key path, message)."""
    problems = []
    for table, fields in (("order", order), ("line", line)):
        for name, spec in field_sources(fields).items():
            for part in spec.parts:
                if part.codes is not None and part.codes not in codes:
                    problems.append((f"{table}.{name}.codes", f"there is no table [codes.{part.codes}]: add it"))
                if part is not spec and part.computed is not None:
                    problems.append((f"{table}.{name}", f"cannot be calculated from {part.computed}"))
            if spec.computed is not None and COMPUTED[table].get(name) != spec.computed:
                problems.append((f"{table}.{name}.computed", f"cannot be {spec.computed} here"))
            if spec.optional and spec.default is None and not fields.LEAVES[name].optional:
                problems.append((f"{table}.{name}.optional", "every order needs this field: give a default as well"))
    return problems


def origins(order: OrderFields, line: LineFields) -> dict[str, str]:
    """Canonical field -> its ERP columns, to name the column when the order's own form check finds a fault."""
    of_order = {name: ", ".join(spec.origin) for name, spec in field_sources(order).items()}
    return of_order | {f"lines[].{name}": ", ".join(spec.origin) for name, spec in field_sources(line).items()}


def apply(rules: Sequence[Rule], row: Row, target: dict[str, Any], prefix: str, faults: list[Fault]) -> None:
    """Fill `target` from the row; whatever does not fit is added to `faults`."""
    for rule in rules:
        try:
            value = rule.extract(row)
            if value is None:
                if rule.optional:
                    continue
                raise BadValue("is empty, and there is no default")
            converted = rule.convert(value)
        except BadValue as error:
            faults.append(Fault(prefix + rule.field, rule.column, str(error)))
            continue
        place = target
        for parent in rule.parents:
            if parent not in place:
                place[parent] = {}
            place = place[parent]
        place[rule.name] = converted


def _rule(path: str, field: FieldSpec, spec: FieldSource, columns: Sequence[str], around: MappingContext) -> Rule:
    *parents, name = path.split(".")
    extract, convert = _extract(spec, columns, around), _convert(field.kind, around)
    if spec.pattern is not None:
        convert = _matching(convert, spec.pattern)
    if spec.constant is not None:
        with suppress(BadValue):  # a constant that does not fit is a fault of every row, found there
            converted = convert(spec.constant)
            extract, convert = (lambda row: converted), (lambda value: value)
    return Rule(path, tuple(parents), name, ", ".join(spec.origin), field.optional, extract, convert)


def _matching(convert: Convert, pattern: str) -> Convert:
    """The field must be written in one way, or it is not what it seems."""
    matches = re.compile(pattern).fullmatch

    def converted(value: Value) -> Any:
        found = convert(value)
        if not matches(str(found)):
            raise BadValue(f"does not match the pattern {pattern}")
        return found

    return converted


def _extract(spec: FieldSource, columns: Sequence[str], around: MappingContext) -> Extract:
    """Take, join, strip, transform, look up, default."""
    if spec.constant is not None:
        constant = spec.constant
        return lambda row: constant
    if spec.operands:
        take = calculated(spec, [(part, _extract(part, columns, around)) for part in spec.operands])
    else:
        present = [name for name in spec.origin if name in columns or not spec.optional]
        take = _take([columns.index(name) for name in present], spec.join, spec.keep_blanks)
    transforms = [compile_transform(text) for text in spec.transforms]
    codes = around.codes[spec.codes] if spec.codes is not None else None
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
    if not positions:
        return lambda row: None
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


def _decoded(value: Value, codes: Mapping[str, str], table: str) -> Value:
    try:
        return codes[to_text(value)]
    except KeyError:
        if "*" in codes:
            return codes["*"]
        raise BadValue(f"is not in the code table {table}") from None


def _convert(kind: type, around: MappingContext) -> Convert:
    if kind is datetime:
        zone, ambiguous = ZoneInfo(around.timezone), around.ambiguous_time

        @lru_cache(maxsize=4096)
        def timestamp(value: Value) -> str:
            return to_timestamp(value, zone, ambiguous)

        return timestamp
    return _CONVERT[kind]


@lru_cache(maxsize=8192, typed=True)
def _decimal_text(value: Value) -> str:
    """Prices and rates repeat a lot."""
    return plain(to_decimal(value))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else to_text(value)


_CONVERT: Mapping[type, Convert] = {str: _text, int: to_integer, Decimal: _decimal_text, Money: _decimal_text}
"""By the type that a field has in the domain, beside times."""


def sum_of_lines(mapped: dict[str, Any]) -> str:
    """Each line rounded to the currency's cents, as most ERPs print invoices. An unknown currency is found later."""
    currency = mapped["currency"] if mapped["currency"] in MINOR_UNITS else "EUR"
    total = 0
    for line in mapped["lines"]:
        gross = line["quantity"] * Decimal(line["unit_price"]) * (1 + Decimal(line["tax_rate"]))
        total += Money.rounded(gross, currency).minor
    return plain(Decimal(total).scaleb(-MINOR_UNITS[currency]))
