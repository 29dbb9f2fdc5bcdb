"""From "this customer wants these articles" to the order JSON of the API, with the domain's own arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from chalicelib.domain.money import Money
from chalicelib.domain.order import Line, OrderContent, PaymentInstruction
from chalicelib.domain.reference import Customer, Product
from local.sample import catalogue

SOURCE = "sap-emea"
OPENING = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
UNKNOWN_PRICE = Decimal("9.90")
"""What an ERP asks for an article that our catalogue does not have."""

TAX_RATES = {
    "AT": "0.20",
    "BE": "0.21",
    "CH": "0.081",
    "CZ": "0.21",
    "DE": "0.19",
    "DK": "0.25",
    "ES": "0.21",
    "FR": "0.20",
    "GB": "0.20",
    "IE": "0.23",
    "IT": "0.22",
    "JP": "0.10",
    "NL": "0.21",
    "PL": "0.23",
    "SE": "0.25",
}
"""Standard rates; other countries (US, KW) are delivered to without tax."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An order before it is priced. Lines are (SKU, pieces); the rest says in what it differs from the ordinary.

    `price_factor` is applied to the first line, `total_off` (minor units) to the right total.
    """

    external_id: str
    customer_id: str
    items: tuple[tuple[str, int], ...]
    currency: str = ""
    token: str = "pm_card_visa"
    on_account: bool = False
    price_factor: Decimal = Decimal(1)
    total_off: int = 0
    country: str = ""
    ordered_at: datetime = field(default=OPENING)

    def content(self) -> OrderContent:
        """As the domain sees it."""
        address = catalogue.addresses().get(self.customer_id) or catalogue.addresses()["C-1001"]
        address = replace(address, country=self.country or address.country)
        currency = self.currency or _currency(self.customer_id)
        tax_rate = Decimal(TAX_RATES.get(address.country, "0"))
        order = OrderContent(
            source=SOURCE,
            external_id=self.external_id,
            ordered_at=self.ordered_at,
            customer_id=self.customer_id,
            currency=currency,
            lines=tuple(
                Line(number * 10, sku, pieces, self._price(sku, currency, first=number == 1), tax_rate)
                for number, (sku, pieces) in enumerate(self.items, start=1)
            ),
            total=Money(0, currency),
            payment=PaymentInstruction("on_account") if self.on_account else PaymentInstruction("card", self.token),
            ship_to=address,
        )
        return replace(order, total=max(order.possible_totals()) + Money(self.total_off, currency))

    def payload(self) -> dict[str, Any]:
        """As the API takes it."""
        return as_payload(self.content())

    def _price(self, sku: str, currency: str, first: bool) -> Decimal:
        product = product_of(sku)
        price = product.prices.get(currency, UNKNOWN_PRICE) if product else UNKNOWN_PRICE
        return round(price * self.price_factor, 6).normalize() if first and self.price_factor != 1 else price


def as_payload(content: OrderContent) -> dict[str, Any]:
    """The JSON of an order."""
    return dict(_json(content))


def _json(value: object) -> Any:
    """Every field by its name; what stands at its default is left out, as an ERP leaves it out."""
    if isinstance(value, Money):
        return value.amount
    if is_dataclass(value):
        named = ((each, getattr(value, each.name)) for each in fields(value))
        return {each.name: _json(inner) for each, inner in named if inner != each.default}
    if isinstance(value, tuple):
        return [_json(inner) for inner in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def customer_of(customer_id: str) -> Customer | None:
    return _customers().get(customer_id)


def product_of(sku: str) -> Product | None:
    return _products().get(sku)


def _currency(customer_id: str) -> str:
    customer = customer_of(customer_id)
    return customer.currencies[0] if customer else "EUR"


@cache
def _customers() -> dict[str, Customer]:
    return {customer.customer_id: customer for customer in catalogue.customers()}


@cache
def _products() -> dict[str, Product]:
    return {product.sku: product for product in catalogue.products()}
