"""Reference data as the rules see it: customers, products and delivery holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class Customer:
    """`price_tolerance` 0.02 accepts prices up to 2 % off the list price; `credit_limit` is None without credit."""

    customer_id: str
    name: str
    active: bool = True
    price_tolerance: Decimal = Decimal(0)
    currencies: tuple[str, ...] = ()
    credit_limit: Money | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """`prices`: currency -> net list price per piece."""

    sku: str
    name: str
    active: bool = True
    prices: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryHold:
    """Stops confirmation of orders with this SKU, customer or country: `kind` is sku, customer or country."""

    kind: str
    key: str
    reason: str
