"""What the rules of the domain find against an order, with the reference data as they are now.

The steps of the workflow ask here, and so does whoever wants to know beforehand. `since`: when the order came (UTC).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.errors import Reason
from chalicelib.domain.order import OrderContent
from chalicelib.domain.validation import violations
from chalicelib.ports import ReferenceData


def reasons_against(content: OrderContent, reference: ReferenceData, since: datetime) -> tuple[Reason, ...]:
    """Every contradiction to customers, products, prices, totals and credit; empty if the order is valid."""
    return _found(
        lambda: violations(content, reference.customer(content.customer_id), reference.product), reference, since
    )


def holds_on(content: OrderContent, reference: ReferenceData, since: datetime) -> tuple[Reason, ...]:
    """Every delivery hold on the customer, the country or a SKU (a recall, say)."""
    return _found(lambda: _holds(content, reference), reference, since)


def _found(look: Callable[[], tuple[Reason, ...]], reference: ReferenceData, since: datetime) -> tuple[Reason, ...]:
    """A "no" is not said on data older than the order: it may have been sent because they were mended."""
    reasons = look()
    return look() if reasons and reference.look_again(since) else reasons


def _holds(content: OrderContent, reference: ReferenceData) -> tuple[Reason, ...]:
    subjects = [
        ("customer", content.customer_id, "customer_id"),
        ("country", content.ship_to.country, "ship_to.country"),
    ]
    subjects += [("sku", line.sku, f"lines[{index}].sku") for index, line in enumerate(content.lines)]
    held = [(reference.hold(kind, key), field) for kind, key, field in subjects]
    return tuple(
        Reason("delivery_hold", f"{hold.kind} {hold.key} is on hold: {hold.reason}", field)
        for hold, field in held
        if hold
    )
