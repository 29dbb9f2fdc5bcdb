"""The small named conversions that a source file may apply to a column: `strip`, `implied_decimals:2`, `date:%d.%m.%Y`.

A transform takes a value that is not NULL and returns one, or raises BadValue. `TRANSFORMS` is the whole list; the
first line of each docstring is its documentation.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

from chalicelib.mapping.values import BadValue, Value, to_decimal, to_integer, to_text

Transform = Callable[[Value], Value]


class BadTransform(ValueError):
    """Not the name of a transform, or an argument that it does not take."""


def strip(value: Value) -> Value:
    """Remove whitespace at both ends (done to all text anyway, unless keep_blanks)."""
    return to_text(value).strip()


def upper(value: Value) -> Value:
    """Capital letters."""
    return to_text(value).upper()


def lower(value: Value) -> Value:
    """Small letters."""
    return to_text(value).lower()


def collapse_blanks(value: Value) -> Value:
    """Any run of whitespace becomes one space."""
    return " ".join(to_text(value).split())


def drop_controls(value: Value) -> Value:
    """Remove control characters, as terminals and EBCDIC files leave them."""
    return "".join(c for c in to_text(value) if unicodedata.category(c) != "Cc")


def zero_pad(value: Value, width: int) -> Value:
    """zero_pad:10 fills with leading zeros: 4711 -> 0000004711."""
    return to_text(value).strip().zfill(width)


def strip_zeros(value: Value) -> Value:
    """Remove leading zeros: 0000004711 -> 4711."""
    text = to_text(value).strip()
    return text.lstrip("0") or ("0" if text else "")


def left(value: Value, count: int) -> Value:
    """left:5 keeps the first 5 characters."""
    return to_text(value)[:count]


def right(value: Value, count: int) -> Value:
    """right:5 keeps the last 5 characters."""
    return to_text(value)[-count:] if count else ""


def prefix(value: Value, text: str) -> Value:
    """prefix:SO- puts text in front."""
    return text + to_text(value)


def suffix(value: Value, text: str) -> Value:
    """suffix:-DE puts text behind."""
    return to_text(value) + text


def remove(value: Value, characters: str) -> Value:
    """remove:-/ drops these characters."""
    return to_text(value).translate({ord(c): None for c in characters})


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


def implied_decimals(value: Value, places: int) -> Value:
    """implied_decimals:2 reads 12345 as 123.45."""
    return Decimal(to_integer(value)).scaleb(-places)


def percent(value: Value) -> Value:
    """19 -> 0.19."""
    return to_decimal(value) / 100


def scale(value: Value, factor: Decimal) -> Value:
    """scale:0.001 multiplies."""
    return to_decimal(value) * factor


def date_format(value: Value, pattern: str) -> Value:
    """date:%d.%m.%Y %H:%M reads a time in that strptime format."""
    try:
        return datetime.strptime(to_text(value).strip(), pattern)  # noqa: DTZ007 -- localized later, in the source's zone
    except ValueError as error:
        raise BadValue(f"is not a time in the format {pattern}") from error


def yyyymmdd(value: Value) -> Value:
    """20261123, as number or text."""
    return date_format(to_text(value).strip(), "%Y%m%d")


def yyyymmdd_hhmmss(value: Value) -> Value:
    """20261123 and 91500, two columns joined by a blank; leading zeros of the time may be missing."""
    day, _, clock = to_text(value).strip().partition(" ")
    return date_format(f"{day} {clock.strip().zfill(6)}", "%Y%m%d %H%M%S")


def cyymmdd(value: Value) -> Value:
    """1261123: the AS/400's date, whose first digit counts centuries from 1900; 991231 is 1999."""
    digits = to_text(value).strip().zfill(7)
    if not re.fullmatch(r"\d{7}", digits, re.ASCII):
        raise BadValue("is not a date in the form CYYMMDD")
    return date_format(f"{19 + int(digits[0])}{digits[1:]}", "%Y%m%d")


def cyymmdd_hhmmss(value: Value) -> Value:
    """1261123 and 91500, two columns joined by a blank."""
    day, _, clock = to_text(value).strip().partition(" ")
    start = cyymmdd(day)
    assert isinstance(start, datetime)
    return date_format(f"{start:%Y%m%d} {clock.strip().zfill(6)}", "%Y%m%d %H%M%S")


def julian(value: Value) -> Value:
    """2026327, or JD Edwards' 126327: year and day of the year."""
    digits = to_text(value).strip()
    if not re.fullmatch(r"\d{5,7}", digits, re.ASCII):
        raise BadValue("is not a date as year and day of the year")
    year = int(digits[:4]) if len(digits) == 7 else 1900 + int(digits[:-3])
    day = int(digits[-3:])
    if not 1 <= day <= (date(year, 12, 31) - date(year, 1, 1)).days + 1:
        raise BadValue("has a day that its year does not have")
    return datetime(year, 1, 1) + timedelta(days=day - 1)  # noqa: DTZ001 -- localized later


def epoch_s(value: Value) -> Value:
    """Seconds since 1970 (UTC)."""
    return _epoch(to_decimal(value))


def epoch_ms(value: Value) -> Value:
    """Milliseconds since 1970 (UTC)."""
    return _epoch(to_decimal(value) / 1000)


def _epoch(seconds: Decimal) -> datetime:
    if not 0 <= seconds < 10**10:
        raise BadValue("is not a number of seconds since 1970")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))


def ebcdic(value: Value, codec: str) -> Value:
    """ebcdic:cp037 (or cp273, cp500, cp1140, ...) decodes bytes that the driver passed on untranslated."""
    raw = value if isinstance(value, bytes) else to_text(value).encode("latin-1", "replace")
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        raise BadValue(f"is not text in {codec}") from error


def utf16(value: Value) -> Value:
    """Decode bytes as UTF-16, little endian unless they begin with a mark."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode("utf-16" if value[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-le")
    except UnicodeDecodeError as error:
        raise BadValue("is not text in UTF-16") from error


def mojibake(value: Value) -> Value:
    """MÃ¼ller -> Müller: UTF-8 that was once read as Latin-1 or Windows-1252; other text stays as it is."""
    text = to_text(value)
    for codec in ("cp1252", "latin-1"):
        try:
            return text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
    return text


_PLAIN: dict[str, Transform] = {
    f.__name__: f
    for f in (
        strip, upper, lower, collapse_blanks, drop_controls, strip_zeros, decimal_comma, decimal_point, trailing_minus,
        percent, yyyymmdd, yyyymmdd_hhmmss, cyymmdd, cyymmdd_hhmmss, julian, epoch_s, epoch_ms, utf16, mojibake,
    )
}  # fmt: skip
_WITH_COUNT: dict[str, Callable[[Value, int], Value]] = {
    "zero_pad": zero_pad, "left": left, "right": right, "implied_decimals": implied_decimals,
}  # fmt: skip
_WITH_TEXT: dict[str, Callable[[Value, str], Value]] = {
    "prefix": prefix, "suffix": suffix, "remove": remove, "date": date_format, "ebcdic": ebcdic,
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
    if name == "scale" and re.fullmatch(r"\d+(\.\d+)?", argument):
        factor = Decimal(argument)
        return lambda value: scale(value, factor)
    if name in TRANSFORMS:
        raise BadTransform(f"transform {text!r} has a wrong or missing argument; {name}: {TRANSFORMS[name]}")
    raise BadTransform(f"unknown transform {text!r}; known: {', '.join(TRANSFORMS)}")


def _check_argument(name: str, argument: str) -> None:
    """Find out now, not at the first row."""
    try:
        if name == "ebcdic":
            codecs.lookup(argument)
        if name == "date":
            datetime.strptime(datetime(2026, 11, 23, tzinfo=UTC).strftime(argument), argument)  # noqa: DTZ007
    except LookupError as error:
        raise BadTransform(f"{argument} is no code page known here: write one such as ebcdic:cp037") from error
    except ValueError as error:
        raise BadTransform(f"{argument} is no strptime format: write one such as date:%d.%m.%Y") from error


def _bound(function: Callable[[Value, str], Value], argument: str, value: Value) -> Value:
    return function(value, argument)
