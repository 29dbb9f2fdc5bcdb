"""Cursors of lists that are sorted by a position, `<time>#<id>`, the newest first.

A position never changes, so a cursor, which is the position after which to go on, neither repeats nor skips anything,
whatever is inserted or changed between two pages.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime

from chalicelib.domain.timestamps import format_utc, parse_utc

FIRST = "0001-01-01T00:00:00.000000Z"
LAST = "9999-12-31T23:59:59.999999Z~"

_CURSOR_VERSION = "1"
_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#[!-~]{0,128}\Z", re.ASCII)


def position_of(moment: datetime, id_: str) -> str:
    return f"{format_utc(moment)}#{id_}"


def encode_cursor(after: str) -> str:
    """Opaque and safe in URLs."""
    return base64.urlsafe_b64encode(f"{_CURSOR_VERSION}{after}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The position to go on after; "" for no cursor. Raises ValueError if we did not make it."""
    if not cursor:
        return ""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        if text[:1] != _CURSOR_VERSION or not _POSITION.match(text[1:]):
            raise ValueError
        parse_utc(text[1:].partition("#")[0])
    except ValueError:
        raise ValueError("the cursor is not one of ours: start again without it") from None
    return text[1:]


def bounds(start: datetime | None, end: datetime | None, after: str) -> tuple[str, str]:
    """The lowest and the highest position of [start, end) that does not come before `after`.

    A position begins with its time and goes on with "#", so the time alone sorts before all its positions.
    """
    high = format_utc(end) if end else LAST
    return format_utc(start) if start else FIRST, min(high, after) if after else high
