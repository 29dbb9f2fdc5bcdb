"""The data sets of reference data: how their records are keyed, written as JSON and read back. Money is always text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from chalicelib.domain.money import Money
from chalicelib.domain.reference import Customer, DeliveryHold, Product

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class DataSet(Generic[R]):
    """A kind of record: how it is named, keyed, written and read."""

    name: str
    key: Callable[[R], str]
    dump: Callable[[R], dict[str, Any]]
    load: Callable[[str, dict[str, Any]], R]


def hold_key(kind: str, key: str) -> str:
    """Holds of all kinds share one file; no kind contains a colon."""
    return f"{kind}:{key}"


def _dump_customer(customer: Customer) -> dict[str, Any]:
    limit = customer.credit_limit
    return {
        "name": customer.name,
        "active": customer.active,
        "price_tolerance": format(customer.price_tolerance, "f"),
        "currencies": list(customer.currencies),
        "credit_limit": {"amount": limit.amount, "currency": limit.currency} if limit else None,
    }


def _load_customer(key: str, record: dict[str, Any]) -> Customer:
    limit = record["credit_limit"]
    return Customer(
        customer_id=key,
        name=record["name"],
        active=record["active"],
        price_tolerance=Decimal(record["price_tolerance"]),
        currencies=tuple(record["currencies"]),
        credit_limit=Money.parse(limit["amount"], limit["currency"]) if limit else None,
    )


def _dump_product(product: Product) -> dict[str, Any]:
    prices = {currency: format(price, "f") for currency, price in sorted(product.prices.items())}
    return {"name": product.name, "active": product.active, "prices": prices}


def _load_product(key: str, record: dict[str, Any]) -> Product:
    prices = {currency: Decimal(price) for currency, price in record["prices"].items()}
    return Product(key, record["name"], record["active"], prices)


def _load_hold(key: str, record: dict[str, Any]) -> DeliveryHold:
    kind, _, subject = key.partition(":")
    return DeliveryHold(kind, subject, record["reason"])


CUSTOMERS: DataSet[Customer] = DataSet("customers", lambda c: c.customer_id, _dump_customer, _load_customer)
PRODUCTS: DataSet[Product] = DataSet("products", lambda p: p.sku, _dump_product, _load_product)
HOLDS: DataSet[DeliveryHold] = DataSet(
    "holds", lambda h: hold_key(h.kind, h.key), lambda h: {"reason": h.reason}, _load_hold
)
