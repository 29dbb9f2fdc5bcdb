"""Orders for end-to-end tests: believable ones of the sample company, each unlike any other."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

from chalicelib.domain.money import Money
from local.sample.tour import tour

_numbers = itertools.count(1)
_FIRST = next(iter(tour())).payload


def order(**changes: Any) -> dict[str, Any]:
    """An order that is confirmed, unless a change makes it otherwise."""
    return {**_FIRST, "external_id": f"E2E-{next(_numbers):06}", **changes}


def for_sku(sku: str, quantity: int = 1, unit_price: str = "12.50", **changes: Any) -> dict[str, Any]:
    """An order of one line with 19 % tax, in the first customer's currency."""
    line = {"line": 1, "sku": sku, "quantity": quantity, "unit_price": unit_price, "tax_rate": "0.19"}
    gross = Money.rounded(quantity * Decimal(unit_price) * Decimal("1.19"), "EUR")
    return order(currency="EUR", lines=[line], total=gross.amount, **changes)


def paid_with(token: str) -> dict[str, Any]:
    return order(payment={"method": "card", "token": token})
