"""How lists of orders are sorted and filtered: the same for every projection. Their cursors: `domain/cursors.py`."""

from __future__ import annotations

from chalicelib.domain.cursors import position_of
from chalicelib.ports import OrderQuery, OrderRow


def position(row: OrderRow) -> str:
    return position_of(row.received_at, row.order_id)


def matches(row: OrderRow, query: OrderQuery) -> bool:
    """Whether the row belongs to the list, its page aside."""
    return (
        (query.status is None or row.status is query.status)
        and (query.source is None or row.source == query.source)
        and (query.external_id is None or row.external_id == query.external_id)
        and (query.customer_id is None or row.customer_id == query.customer_id)
        and (query.correlation_id is None or row.correlation_id == query.correlation_id)
        and (query.start is None or row.received_at >= query.start)
        and (query.end is None or row.received_at < query.end)
    )
