"""Conditions of keyset paging, written out so that every database understands them and can use its index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.mapping.values import Value

Position = tuple[Value, ...]
"""The cursor values of a row, in the order of the cursor columns."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column to order by: how it is written, read as text, and given as a parameter."""

    sql: str
    select: str
    param: str = "?"


@dataclass(frozen=True, slots=True)
class Bound:
    """Where to go on: after a row (`inclusive` False, all columns) or from a value of the first column on."""

    position: Position
    inclusive: bool = False


def beyond(columns: Sequence[Column], bound: Bound) -> tuple[str, list[Value]]:
    """The condition for rows beyond the bound and its parameters.

    (a, b) after (1, 2) becomes `a >= 1 AND (a > 1 OR b > 2)`: the first part lets an index on `a` do the work.
    """
    first, rest = columns[0], columns[1:]
    value = bound.position[0]
    if bound.inclusive:
        assert len(bound.position) == 1, "only a floor of the first column is inclusive"
        return f"{first.sql} >= {first.param}", [value]
    if not rest or len(bound.position) == 1:
        return f"{first.sql} > {first.param}", [value]
    inner, parameters = beyond(rest, Bound(bound.position[1:]))
    sql = f"{first.sql} >= {first.param} AND ({first.sql} > {first.param} OR ({inner}))"
    return sql, [value, value, *parameters]


def up_to(columns: Sequence[Column], position: Position) -> tuple[str, list[Value]]:
    """The condition for rows up to and including the one at `position`, written the same way."""
    first, rest = columns[0], columns[1:]
    value = position[0]
    if not rest:
        return f"{first.sql} <= {first.param}", [value]
    inner, parameters = up_to(rest, position[1:])
    sql = f"{first.sql} <= {first.param} AND ({first.sql} < {first.param} OR ({inner}))"
    return sql, [value, value, *parameters]
