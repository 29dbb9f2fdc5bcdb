"""The answer to a dry run of `POST /orders`."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from chalicelib.api.views.orders import amount
from chalicelib.api.views.schemas import Amount, DifferenceView, ReasonView
from chalicelib.domain.order import OrderContent
from chalicelib.orders.rehearse import Rehearsal, Would


class TotalView(TypedDict):
    """The total that was sent, and those that count as right: rounded per line, or over all."""

    sent: Amount
    possible: list[Amount]


class SkuView(TypedDict):
    """Stock of one SKU of the order."""

    sku: str
    ordered: int
    """Pieces, over all lines."""
    available: int | None
    """Pieces that can be reserved now; null if there is no stock of this SKU at all."""


class RehearsalView(TypedDict):
    """What would become of the order if it were handed over now. Nothing was stored."""

    order_id: str
    """Which the order has, or would have."""
    would: Would
    revision: int
    """Which it would be; of a repeat and a conflict, that of the order that is there."""
    valid: bool
    """Whether nothing speaks against it now; the payment is not tried."""
    reasons: list[ReasonView]
    """Everything for which it would be rejected."""
    total: TotalView
    stock: list[SkuView]
    reference_versions: dict[str, str]
    """Of the reference data that were asked."""
    differences: NotRequired[list[DifferenceView]]
    """Of a conflict."""
    advice: NotRequired[str]
    """Of a conflict: what to do."""


def rehearsal(content: OrderContent, found: Rehearsal) -> RehearsalView:
    view: RehearsalView = {
        "order_id": content.order_id,
        "would": found.would,
        "revision": found.revision,
        "valid": not found.reasons,
        "reasons": [{"code": r.code, "message": r.message, "field": r.field} for r in found.reasons],
        "total": {"sent": amount(content.total), "possible": [amount(total) for total in found.possible_totals]},
        "stock": [{"sku": sku.sku, "ordered": sku.ordered, "available": sku.available} for sku in found.stock],
        "reference_versions": found.reference_versions,
    }
    if found.would is Would.CONFLICT:
        view["differences"] = [
            {"field": one.field, "accepted": one.accepted, "sent": one.sent} for one in found.differences
        ]
        view["advice"] = found.advice
    return view
