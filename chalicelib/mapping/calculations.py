"""Fields that are calculated from several columns: unit price = line total / quantity, net from gross, sums.

Decimal all the way. A result that cannot be written with 6 decimals is refused, unless the mapping says how to round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import reduce
from operator import add, mul, sub

from chalicelib.mapping.field_model import FieldSource
from chalicelib.mapping.values import BadValue, Value, to_decimal

Row = Sequence[Value]
Extract = Callable[[Row], Value]

MAX_DECIMALS = 6
"""As many as a unit price may have."""

_DIGITS = 60
"""Enough for any product of two numbers that `to_decimal` lets pass."""


def calculated(spec: FieldSource, operands: Sequence[tuple[FieldSource, Extract]]) -> Extract:
    """The calculation of `spec`; None for a row in which all of its operands are empty."""
    work, decimals = _WORK[spec.calculation], spec.decimals
    named = [(", ".join(operand.origin) or "a constant", extract) for operand, extract in operands]

    def extract(row: Row) -> Value:
        values = [extract(row) for _, extract in named]
        if all(value is None for value in values):
            return None
        numbers = [_number(name, value) for (name, _), value in zip(named, values, strict=True)]
        with localcontext(prec=_DIGITS):
            return _rounded(to_decimal(work(numbers)), decimals)

    return extract


def _number(name: str, value: Value) -> Decimal:
    try:
        return to_decimal(value)
    except BadValue as error:
        raise BadValue(f"cannot be calculated: {name} {error}") from None


def _quotient(numbers: Sequence[Decimal]) -> Decimal:
    dividend, divisor = numbers
    if not divisor:
        raise BadValue("cannot be calculated: it would be divided by 0")
    return dividend / divisor


def _net(numbers: Sequence[Decimal]) -> Decimal:
    gross, rate = numbers
    if not 0 <= rate <= 1:
        raise BadValue("cannot be calculated: the tax rate must be from 0 to 1; a transform such as percent is missing")
    return gross / (1 + rate)


def _rounded(number: Decimal, decimals: int | None) -> Decimal:
    rounded = number.quantize(Decimal(1).scaleb(-(MAX_DECIMALS if decimals is None else decimals)), ROUND_HALF_UP)
    if decimals is None and rounded != number:
        raise BadValue(f"has more than {MAX_DECIMALS} decimals: say to how many `decimals` it is rounded")
    return rounded


_WORK: dict[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "sum": lambda numbers: reduce(add, numbers),
    "difference": lambda numbers: reduce(sub, numbers),
    "product": lambda numbers: reduce(mul, numbers),
    "quotient": _quotient,
    "net": _net,
}
