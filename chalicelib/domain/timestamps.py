"""Times as texts: as they are stored, and as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime


def format_utc(value: datetime) -> str:
    """UTC with microseconds, always 27 characters, so that texts sort as times do."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def parse_utc(text: str) -> datetime:
    """The inverse of `format_utc`, and of what earlier releases stored: any ISO 8601 text with an offset."""
    return datetime.fromisoformat(text)


def parse_moment(text: str) -> datetime:
    """A day (its beginning in UTC) or a time with its offset, in UTC. Raises ValueError, saying what it must be."""
    wanted = 'must be a day such as "2026-11-23" or a time with its offset such as "2026-11-23T10:15:00Z"'
    if not 10 <= len(text) <= 40:
        raise ValueError(wanted)
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == 10:
            return moment.replace(tzinfo=UTC)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(wanted)


def rfc3339(value: datetime) -> str:
    """RFC 3339 in UTC, as short as the value allows."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
