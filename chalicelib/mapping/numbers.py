"""Transforms that make numbers of what programs and people write for them."""

from __future__ import annotations

import re
from decimal import Decimal

from chalicelib.mapping.values import BadValue, Value, to_decimal, to_integer, to_text

_SIGNED = re.compile(r"([-+]?)\s*(.*?)\s*(-?)", re.DOTALL)
_DIGITS = re.compile(r"[-+]?(?:\d[\d.,'’\s]*|[.,]\d+)-?", re.ASCII)
"""A number, however it is grouped: its own transform says whether that is right."""


def decimal_comma(value: Value) -> Value:
    """1.234,56 -> 1234.56 (thousands by point, blank or apostrophe)."""
    return _grouped(value, ",", ". '’\u00a0\u202f")


def decimal_point(value: Value) -> Value:
    """1,234.56 -> 1234.56 (thousands by comma, blank or apostrophe)."""
    return _grouped(value, ".", ", '’\u00a0\u202f")


def _grouped(value: Value, point: str, separators: str) -> Value:
    if not isinstance(value, str):
        return to_decimal(value)
    text = value.strip()
    group = "[" + re.escape(separators) + "]"
    if not re.fullmatch(rf"[+-]?(\d+|\d{{1,3}}({group}\d{{3}})+)({re.escape(point)}\d*)?-?", text, re.ASCII):
        raise BadValue(f"is not a number with decimal {'comma' if point == ',' else 'point'}")
    return trailing_minus(re.sub(group, "", text).replace(point, "."))


def trailing_minus(value: Value) -> Value:
    """12.50- -> -12.50, as mainframes write negative numbers."""
    text = to_text(value).strip()
    return to_decimal(f"-{text[:-1].rstrip()}" if text.endswith("-") else text)


def accounting(value: Value) -> Value:
    """(3,71) and 3,71- -> -3,71, as accountants write negative numbers; decimal_comma or _point comes next."""
    text = to_text(value).strip()
    if match := re.fullmatch(r"\(\s*([^-+()]+?)\s*\)|([^-+()]+?)\s*-", text):
        return f"-{match[1] or match[2]}"
    return text


def unit(value: Value, units: str) -> Value:
    """unit:EUR|€ takes a unit, currency or % off a number; another one, or none, is refused (a last | allows none)."""
    text, allowed = to_text(value).strip(), [name.strip() for name in units.split("|")]
    in_brackets = text.startswith("(") and text.endswith(")")
    sign, body, minus = _SIGNED.fullmatch(text[1:-1].strip() if in_brackets else text).groups()  # type: ignore[union-attr]
    for name in allowed:
        for rest in (body.removeprefix(name), body.removesuffix(name)):
            if (rest != body or not name) and _DIGITS.fullmatch(rest.strip()):
                number = f"{sign}{rest.strip()}{minus}"
                return f"({number})" if in_brackets else number
    raise BadValue(f"is not a number in {' or '.join(filter(None, allowed))}")


def implied_decimals(value: Value, places: int) -> Value:
    """implied_decimals:2 reads 12345 as 123.45."""
    return Decimal(to_integer(value)).scaleb(-places)


def percent(value: Value) -> Value:
    """19 -> 0.19, and 19 % as well."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%").rstrip()
    return to_decimal(value) / 100


def scale(value: Value, factor: Decimal) -> Value:
    """scale:0.001 multiplies; scale:-1 turns the sign."""
    return to_decimal(value) * factor
