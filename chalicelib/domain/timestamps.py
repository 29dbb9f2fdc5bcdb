"""Times as texts: as they are stored, and as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime


def format_utc(value: datetime) -> str:
    """UTC with microseconds, always 27 characters, so that texts sort as times do."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_utc(text: str) -> datetime:
    """The inverse of `format_utc`, and of what earlier releases stored: any ISO 8601 text with an offset."""
    return datetime.fromisoformat(text)


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC, as short as the value allows."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
