"""From orders and rows of the read model to their JSON (`schemas`)."""

from __future__ import annotations

from urllib.parse import quote

from chalicelib.api.views.explain import next_step, why
from chalicelib.api.views.schemas import AcceptedView, Amount, OrderLinks, OrderView, ReasonView, RowView
from chalicelib.domain.decisions import decide_cancellation, decide_redrive
from chalicelib.domain.errors import Refused
from chalicelib.domain.money import Money
from chalicelib.domain.state import Order, Status
from chalicelib.domain.timestamps import rfc3339
from chalicelib.ports import OrderRow


def amount(money: Money) -> Amount:
    return {"amount": money.amount, "currency": money.currency}


def accepted(order_id: str, status: Status, correlation_id: str, revision: int = 1) -> AcceptedView:
    return {
        "order_id": order_id,
        "revision": revision,
        "status": status,
        "correlation_id": correlation_id,
        "links": order_links(order_id),
    }


def order_links(order_id: str) -> OrderLinks:
    own = f"/orders/{quote(order_id)}"
    return {"self": own, "events": f"{own}/events"}


def order_view(order: Order) -> OrderView:
    content = order.content
    return {
        "order_id": order.order_id,
        "revision": order.revision,
        "status": order.status,
        "source": content.source,
        "external_id": content.external_id,
        "customer_id": content.customer_id,
        "total": amount(content.total),
        "line_count": len(content.lines),
        "payment_method": content.payment.method,
        "ordered_at": rfc3339(content.ordered_at),
        "received_at": rfc3339(order.received_at),
        "revised_at": rfc3339(order.revisions[-1].received_at) if order.revision > 1 else None,
        "updated_at": rfc3339(order.updated_at),
        "version": order.version,
        "attempts": order.attempt,
        "channel": order.channel,
        "correlation_id": order.correlation_id,
        "confirmation_number": order.confirmation_number,
        "why": {"text": why(order).strip(), "reasons": _reasons(order)},
        "next": next_step(order),
        "links": _possible_links(order),
    }


def row_view(row: OrderRow) -> RowView:
    return {
        "order_id": row.order_id,
        "revision": row.revision,
        "status": row.status,
        "source": row.source,
        "external_id": row.external_id,
        "customer_id": row.customer_id,
        "total": amount(row.total),
        "received_at": rfc3339(row.received_at),
        "updated_at": rfc3339(row.updated_at),
        "attempts": row.attempt,
        "correlation_id": row.correlation_id,
        "reasons": list(row.reasons),
        "failed_step": row.failed_step,
        "links": order_links(row.order_id),
    }


def _reasons(order: Order) -> list[ReasonView]:
    if order.rejection is not None:
        return [{"code": r.code, "message": r.message, "field": r.field} for r in order.rejection.reasons]
    if order.cancellation is not None:
        return [{"code": "cancelled", "message": order.cancellation.reason, "field": ""}]
    return []


def _possible_links(order: Order) -> OrderLinks:
    """The domain's own decisions say what is possible: asked here, they change nothing."""
    links = order_links(order.order_id)
    try:
        if decide_cancellation(order, "", "") is not None:
            links["cancel"] = f"{links['self']}/cancel"
    except Refused:
        pass
    try:
        decide_redrive(order, "", "")
        links["redrive"] = f"{links['self']}/redrive"
    except Refused:
        pass
    return links
