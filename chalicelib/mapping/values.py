"""Values as database drivers return them, and their conversion to the types of canonical fields."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

Value = str | int | float | Decimal | bool | bytes | datetime | date | None
"""What pyodbc and sqlite3 return for a column."""

Ambiguous = Literal["earlier", "later", "quarantine"]


class BadValue(ValueError):
    """A value that does not fit; the message says why without repeating it."""


def to_text(value: Value) -> str:
    """Numbers in plain notation without trailing zeros, so that CHAR, INTEGER and NUMERIC keys read alike."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal | float):
        return plain(to_decimal(value))
    if isinstance(value, bytes):
        raise BadValue("is binary: use a transform such as ebcdic:cp037 or utf16, or cast it in the query")
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise BadValue("is empty")


def to_decimal(value: Value) -> Decimal:
    """Exact; a float counts as the shortest decimal that it prints as."""
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, int):
        return Decimal(int(value))
    elif isinstance(value, float):
        number = Decimal(repr(value)) if math.isfinite(value) else Decimal("NaN")
    elif isinstance(value, str):
        try:
            number = Decimal(value) if value.isascii() and "_" not in value else Decimal("NaN")
        except InvalidOperation as error:
            raise BadValue("is not a number: a transform such as decimal_comma may be missing") from error
    elif value is None:
        raise BadValue("is empty")
    else:
        raise BadValue("is not a number")
    if not number.is_finite():
        raise BadValue("is not a finite number")
    if number and not -30 < number.adjusted() < 30:
        raise BadValue("is out of any sensible range")
    return number


def to_integer(value: Value) -> int:
    """Whole numbers only: 3, "3", 3.000; 2.5 pieces are refused, not rounded."""
    if isinstance(value, int) or (isinstance(value, str) and len(value) < _FEW_DIGITS and _is_digits(value)):
        return int(value)
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise BadValue("is not a whole number")
    return int(number)


_FEW_DIGITS = 10


def _is_digits(text: str) -> bool:
    """The usual case, and quick to tell."""
    return text.isascii() and text.isdigit()


def plain(number: Decimal) -> str:
    """ "12.5" for 12.5000000000: no exponent, no trailing zeros, no minus zero."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def to_timestamp(value: Value, zone: ZoneInfo, ambiguous: Ambiguous) -> str:
    """An RFC 3339 time in UTC. Naive values are read in `zone`; digits beyond microseconds are cut off."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise BadValue("is not an ISO time: a transform such as date:%d.%m.%Y may be missing") from error
    if isinstance(value, datetime):
        return (value if value.tzinfo else localized(value, zone, ambiguous)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return localized(datetime(value.year, value.month, value.day), zone, ambiguous).astimezone(UTC).isoformat()  # noqa: DTZ001
    raise BadValue("is empty" if value is None else "is not a time")


def localized(naive: datetime, zone: ZoneInfo, ambiguous: Ambiguous) -> datetime:
    """The wall-clock time in its zone. In the hour that autumn repeats, `ambiguous` decides; the hour that spring
    skips does not exist and is refused: no choice would be right."""
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise BadValue(f"does not exist in {zone.key}: the clock skipped that hour")
    if ambiguous == "quarantine":
        raise BadValue(f"happened twice in {zone.key}: the clock was set back")
    return first if ambiguous == "earlier" else second


def wall_clock_floor(instant: datetime, zone: ZoneInfo) -> datetime:
    """The lowest naive local time that any moment from `instant` on can show.

    Usually the local time of `instant`; shortly before the clock is set back, it is the time it is set back to.
    """
    local = instant.astimezone(zone)
    lowest = local.replace(tzinfo=None)
    later = instant + timedelta(hours=3)
    if (later.astimezone(zone).utcoffset() or timedelta()) < (local.utcoffset() or timedelta()):
        before, after = instant, later
        while after - before > timedelta(microseconds=1):
            middle = before + (after - before) / 2
            if middle.astimezone(zone).utcoffset() == local.utcoffset():
                before = middle
            else:
                after = middle
        lowest = min(lowest, after.astimezone(zone).replace(tzinfo=None, fold=0))
    return lowest
