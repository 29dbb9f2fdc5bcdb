"""How lists of orders are sorted, filtered and continued: the same for every projection.

The position of a row is `<received_at>#<order_id>`. It never changes, so a cursor, which is the position after which
to go on, neither repeats nor skips a row, whatever is inserted or changed between two pages.
"""

from __future__ import annotations

import base64
import re

from chalicelib.domain.timestamps import format_utc, parse_utc
from chalicelib.ports import OrderQuery, OrderRow

_CURSOR_VERSION = "1"
_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z#[!-~]{0,128}\Z", re.ASCII)


def position(row: OrderRow) -> str:
    return f"{format_utc(row.received_at)}#{row.order_id}"


def changed_position(row: OrderRow) -> str:
    """As `position`, by the time of the last change: how rows that nobody was told of are sorted."""
    return f"{format_utc(row.updated_at)}#{row.order_id}"


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


def matches(row: OrderRow, query: OrderQuery) -> bool:
    """Whether the row belongs to the list, its page aside."""
    return (
        (query.status is None or row.status is query.status)
        and (query.source is None or row.source == query.source)
        and (query.start is None or row.received_at >= query.start)
        and (query.end is None or row.received_at < query.end)
    )
