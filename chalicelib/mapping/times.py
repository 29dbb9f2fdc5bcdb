"""Transforms that make times. Those without an offset are read in the time zone of the source, later."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from chalicelib.mapping.values import BadValue, Value, to_decimal, to_text

EXCEL_EPOCHS = {"1900": datetime(1899, 12, 30), "1904": datetime(1904, 1, 1)}  # noqa: DTZ001 -- localized later
FIRST_RIGHT_SERIAL = {"1900": 61, "1904": 1}
"""Excel believes that 1900 was a leap year: serials of its first two months are a day off."""

LAST_SERIAL = 2_958_465
"""The last day of the year 9999."""


def date_format(value: Value, patterns: str) -> Value:
    """date:%d.%m.%Y %H:%M reads a time in that strptime format; date:%d.%m.%Y|%Y-%m-%d in any of several."""
    return _parsed(to_text(value).strip(), patterns)


@lru_cache(maxsize=4096)
def _parsed(text: str, patterns: str) -> datetime:
    """Days repeat a lot."""
    found, formats = set[datetime](), patterns.split("|")
    for pattern in formats:
        try:
            found.add(datetime.strptime(text, pattern))  # noqa: DTZ007 -- localized later, in the source's zone
        except ValueError:
            continue
    if not found:
        raise BadValue(f"is not a time in the format {' or '.join(formats)}")
    if len(found) > 1:
        raise BadValue(f"is read differently by the formats {' and '.join(formats)}")
    return found.pop()


@lru_cache(maxsize=64)
def read_differently(patterns: tuple[str, ...]) -> str:
    """A time, written in one of these formats, that another one of them takes for another time; "" if there is none."""
    for day in _SAMPLES if len(patterns) > 1 else ():
        for pattern in patterns:
            for text in (day.strftime(pattern), _without_zeros(day, pattern)):
                try:
                    date_format(text, "|".join(patterns))
                except BadValue as error:
                    if "differently" in str(error):
                        return text
    return ""


_SAMPLES = [
    datetime(year, month, day, 10, 20, 30)  # noqa: DTZ001
    for year in (2001, 2026)
    for month in range(1, 13)
    for day in (1, 2, 3, 10, 12, 20, 26)
]


def _without_zeros(day: datetime, pattern: str) -> str:
    return day.strftime(pattern.replace("%d", str(day.day)).replace("%m", str(day.month)))


def excel_date(value: Value, system: str) -> Value:
    """excel_date:1900 reads 46349.427 as 2026-11-23 10:15, the serial number of a spreadsheet; or excel_date:1904."""
    serial = to_decimal(value)
    if not FIRST_RIGHT_SERIAL[system] <= serial < LAST_SERIAL + 1:
        raise BadValue("is not the serial number of a date")
    return EXCEL_EPOCHS[system] + timedelta(seconds=int((serial * 86_400).to_integral_value(ROUND_HALF_UP)))


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
