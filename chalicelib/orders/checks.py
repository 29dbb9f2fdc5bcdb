"""What the rules of the domain find against an order, with the reference data as they are now.

The steps of the workflow ask here, and so does whoever wants to know beforehand.
"""

from __future__ import annotations

from chalicelib.domain.errors import Reason
from chalicelib.domain.order import OrderContent
from chalicelib.domain.validation import violations
from chalicelib.ports import ReferenceData


def reasons_against(content: OrderContent, reference: ReferenceData) -> tuple[Reason, ...]:
    """Every contradiction to customers, products, prices, totals and credit; empty if the order is valid."""
    return violations(content, reference.customer(content.customer_id), reference.product)


def holds_on(content: OrderContent, reference: ReferenceData) -> tuple[Reason, ...]:
    """Every delivery hold on the customer, the country or a SKU (a recall, say)."""
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
