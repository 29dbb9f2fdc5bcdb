"""Times as texts: as they are stored, and as they are shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

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


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC, as short as the value allows."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
