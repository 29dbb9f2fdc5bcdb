"""The small named conversions that a source file may apply to a column: `strip`, `implied_decimals:2`, `date:%d.%m.%Y`.

A transform takes a value that is not NULL and returns one, or raises BadValue. `TRANSFORMS` is the whole list; the
first line of each docstring is its documentation.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from chalicelib.mapping.numbers import (
    accounting,
    decimal_comma,
    decimal_point,
    implied_decimals,
    percent,
    scale,
    trailing_minus,
    unit,
)
from chalicelib.mapping.texts import (
    collapse_blanks,
    drop_controls,
    ebcdic,
    left,
    lower,
    mojibake,
    one_line,
    prefix,
    remove,
    right,
    strip,
    strip_zeros,
    suffix,
    upper,
    utf16,
    zero_pad,
)
from chalicelib.mapping.times import (
    cyymmdd,
    cyymmdd_hhmmss,
    date_format,
    epoch_ms,
    epoch_s,
    excel_date,
    julian,
    read_differently,
    yyyymmdd,
    yyyymmdd_hhmmss,
)
from chalicelib.mapping.values import Value

Transform = Callable[[Value], Value]


class BadTransform(ValueError):
    """Not the name of a transform, or an argument that it does not take."""


_PLAIN: dict[str, Transform] = {
    f.__name__: f
    for f in (
        strip, upper, lower, collapse_blanks, one_line, drop_controls, strip_zeros, utf16, mojibake,
        decimal_comma, decimal_point, trailing_minus, accounting, percent,
        yyyymmdd, yyyymmdd_hhmmss, cyymmdd, cyymmdd_hhmmss, julian, epoch_s, epoch_ms,
    )
}  # fmt: skip
_WITH_COUNT: dict[str, Callable[[Value, int], Value]] = {
    "zero_pad": zero_pad, "left": left, "right": right, "implied_decimals": implied_decimals,
}  # fmt: skip
_WITH_TEXT: dict[str, Callable[[Value, str], Value]] = {
    "prefix": prefix, "suffix": suffix, "remove": remove, "unit": unit, "date": date_format,
    "excel_date": excel_date, "ebcdic": ebcdic,
}  # fmt: skip

TRANSFORMS: dict[str, str] = {
    name: (f.__doc__ or "").splitlines()[0]
    for name, f in sorted({**_PLAIN, **_WITH_COUNT, **_WITH_TEXT, "scale": scale}.items())
}
"""Name -> what it does, for documentation and error messages."""


def compile_transform(text: str) -> Transform:
    """`strip` or `zero_pad:10` as a function. Raises BadTransform, with the known names."""
    name, colon, argument = text.partition(":")
    if name in _PLAIN and not colon:
        return _PLAIN[name]
    if name in _WITH_COUNT and re.fullmatch(r"\d{1,2}", argument):
        count = int(argument)
        return lambda value: _WITH_COUNT[name](value, count)
    if name in _WITH_TEXT and argument:
        _check_argument(name, argument)
        return partial(_bound, _WITH_TEXT[name], argument)
    if name == "scale" and re.fullmatch(r"-?\d+(\.\d+)?", argument):
        factor = Decimal(argument)
        return lambda value: scale(value, factor)
    if name in TRANSFORMS:
        raise BadTransform(f"transform {text!r} has a wrong or missing argument; {name}: {TRANSFORMS[name]}")
    raise BadTransform(f"unknown transform {text!r}; known: {', '.join(TRANSFORMS)}")


def _check_argument(name: str, argument: str) -> None:
    """Find out now, not at the first row."""
    if name == "ebcdic":
        _ensure_code_page(argument)
    elif name == "date":
        _ensure_formats(argument.split("|"))
    elif name == "excel_date" and argument not in ("1900", "1904"):
        raise BadTransform("excel_date counts from 1900, or from 1904 in workbooks of old Macs: write excel_date:1900")
    elif name == "unit" and not any(re.search(r"[^\d.,'+-]", part.strip()) for part in argument.split("|")):
        raise BadTransform("unit needs the units that may stand in a cell: write them such as unit:EUR|€")


def _ensure_code_page(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError as error:
        raise BadTransform(f"{name} is no code page known here: write one such as ebcdic:cp037") from error


def _ensure_formats(patterns: list[str]) -> None:
    for pattern in patterns:
        try:
            datetime.strptime(datetime(2026, 11, 23, tzinfo=UTC).strftime(pattern), pattern or "%")  # noqa: DTZ007
        except ValueError as error:
            raise BadTransform(f"{pattern!r} is no strptime format: write one such as date:%d.%m.%Y") from error
    if example := read_differently(tuple(patterns)):
        raise BadTransform(f"the formats {' and '.join(patterns)} read {example} as different days: keep one of them")


def _bound(function: Callable[[Value, str], Value], argument: str, value: Value) -> Value:
    return function(value, argument)
