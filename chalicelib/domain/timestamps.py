"""Times as texts: as they are stored, and as they are shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:)(\d\d)(\.\d+)?(?:([Zz])|([+-](?:[01]\d|2[0-3]):[0-5]\d))\Z", re.ASCII
)
"""Its "date-time", which is narrower than ISO 8601: always seconds, and an offset in hours and minutes."""


def format_utc(value: datetime) -> str:
    """UTC with microseconds, always 27 characters, so that texts sort as times do."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_utc(text: str) -> datetime:
    """The inverse of `format_utc`, and of what earlier releases stored: any ISO 8601 text with an offset."""
    return datetime.fromisoformat(text)


def parse_rfc3339(text: str) -> datetime:
    """A time as RFC 3339 writes it, in UTC; digits beyond microseconds are cut off. Raises ValueError."""
    found = _RFC_3339.match(text)
    if found is None:
        raise ValueError("is no time of RFC 3339")
    day, minute, second, fraction, zulu, offset = found.groups()
    leap = second == "60"  # inserted at the end of a day in UTC, and shown as the second that follows
    moment = datetime.fromisoformat(f"{day}T{minute}{'59' if leap else second}{'+00:00' if zulu else offset}")
    moment = moment.astimezone(UTC) + timedelta(microseconds=int((fraction or ".")[1:7].ljust(6, "0")))
    if not leap:
        return moment
    if (moment.hour, moment.minute) != (23, 59):
        raise ValueError("has a second 60 that no clock has shown")
    return moment + timedelta(seconds=1)


def parse_moment(text: str) -> datetime:
    """A day (its beginning in UTC) or a time with its offset, in UTC. Raises ValueError, saying what it must be."""
    try:
        return parse_rfc3339(f"{text}T00:00:00Z" if _DAY.match(text) else text)
    except (ValueError, OverflowError):
        wanted = 'must be a day such as "2026-11-23" or a time with its offset such as "2026-11-23T10:15:00Z"'
        raise ValueError(wanted) from None


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC, as short as the value allows."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
