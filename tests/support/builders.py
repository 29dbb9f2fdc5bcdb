"""Builders of valid domain objects: a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.events import Event, OrderReceived
from chalicelib.domain.money import Money
from chalicelib.domain.order import Address, Line, OrderContent, PaymentInstruction
from chalicelib.domain.reference import Customer, Product
from chalicelib.domain.state import Status
from chalicelib.ports import Append, OrderRow

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
CUSTOMER = Customer("C-1001", "Nordlicht Handel GmbH", currencies=("EUR", "USD"), credit_limit=Money(500_000, "EUR"))
WIDGET = Product("WIDGET-1", "Widget, blue", prices={"EUR": Decimal("12.50"), "USD": Decimal("13.75")})
GADGET = Product("GADGET-7", "Gadget, large", prices={"EUR": Decimal("99.00"), "USD": Decimal("109.00")})
ADDRESS = Address("Nordlicht Handel GmbH", "Hafenstr. 12", "Hamburg", "DE", postal_code="20457")


def line(sku: str = "WIDGET-1", quantity: int = 3, number: int = 1, unit_price: str = "12.50") -> Line:
    return Line(number, sku, quantity, Decimal(unit_price), Decimal("0.20"))


def content(external_id: str = "SO-100045", *lines: Line, **changes: Any) -> OrderContent:
    """A valid order of CUSTOMER, by default for 3 widgets; the total follows the lines unless it is given."""
    ordered = lines or (line(),)
    order = OrderContent(
        source="sap-emea",
        external_id=external_id,
        ordered_at=NOW,
        customer_id=CUSTOMER.customer_id,
        currency="EUR",
        lines=ordered,
        total=Money(0, "EUR"),
        payment=PaymentInstruction("card", "pm_card_visa"),
        ship_to=ADDRESS,
    )
    order = replace(order, **{key: value for key, value in changes.items() if key != "total"})
    return replace(order, total=changes.get("total") or min(order.possible_totals()))


def content_of_lines(count: int, external_id: str = "SO-LARGE", quantity: int = 1) -> OrderContent:
    """A valid order of `count` lines with as many SKUs: SKU-0001, SKU-0002 and so on, at 1.00 EUR."""
    lines = (line(f"SKU-{number:04}", quantity, number, "1.00") for number in range(1, count + 1))
    return content(external_id, *lines)


def products_of(order: OrderContent) -> tuple[Product, ...]:
    """The catalogue in which every line of the order has its list price."""
    prices = {line.sku: line.unit_price for line in order.lines}
    return tuple(Product(sku, f"Article {sku}", prices={order.currency: price}) for sku, price in prices.items())


def received(order: OrderContent | None = None) -> OrderReceived:
    return OrderReceived(order or content(), payload_hash="5d41402abc4b2a76b9719d911017c592" * 2)


def append(event: Event, order_id: str = "o-1", expected_version: int = 0, token: str = "t-1", **more: Any) -> Append:
    values: Mapping[str, Any] = {
        "recorded_at": NOW,
        "correlation_id": "correlation-1",
        "source": "sap-emea",
        "step": "test",
        **more,
    }
    return Append(order_id, expected_version, event, token=token, **values)


def row(order_id: str = "o-1", **changes: Any) -> OrderRow:
    """A row of the read model, RECEIVED at NOW."""
    base = OrderRow(
        order_id=order_id,
        version=1,
        status=Status.RECEIVED,
        source="sap-emea",
        external_id=f"SO-{order_id}",
        customer_id=CUSTOMER.customer_id,
        total=Money(4500, "EUR"),
        received_at=NOW,
        updated_at=NOW,
        correlation_id="correlation-1",
    )
    return replace(base, **changes)
