"""Orders as the people and batches of the legacy ERP enter them: mostly right, now and then not."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from chalicelib.domain.reference import Customer, Product

LOCAL_TIME = ZoneInfo("Europe/Berlin")

CODES = {
    "WAE": {"01": "EUR", "02": "USD", "03": "GBP", "04": "CHF"},
    "ZAH": {"KK": "Kreditkarte", "RG": "Rechnung"},
    "LND": {"D": "Deutschland", "A": "Oesterreich", "CH": "Schweiz", "F": "Frankreich", "NL": "Niederlande"},
    "MWS": {"0": "steuerfrei", "1": "19 %", "2": "7 %"},
}
"""Rows of CODETAB: table -> code -> value."""

TAX_RATES = {"0": Decimal(0), "1": Decimal("0.19"), "2": Decimal("0.07")}

_PLACES = (
    ("D", "20457", "Hamburg"), ("D", "80331", "München"), ("D", "50667", "Köln"), ("D", "04109", "Leipzig"),
    ("A", "1010", "Wien"), ("CH", "8001", "Zürich"), ("NL", "1012 JS", "Amsterdam"), ("F", "67000", "Strasbourg"),
)  # fmt: skip
_STREETS = ("Hafenstraße", "Am Güterbahnhof", "Industrieweg", "Lindenallee", "Gewerbering", "Mühlgasse")
_NOTES = ("", "", "", "Rampe 3, bitte klingeln", "nur vormittags", "Lieferschein an Pförtner")


@dataclass(frozen=True, slots=True)
class ErpLine:
    """A row of AUFPOS. `pieces` may be a fraction: the terminal lets you type it."""

    number: int
    article: str
    pieces: Decimal
    price: Decimal
    tax_code: str

    @property
    def gross(self) -> Decimal:
        return self.pieces * self.price * (1 + TAX_RATES[self.tax_code])


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """A row of AUFKOPF with its positions; `stamped_at` becomes AENDTS."""

    number: int
    kind: str
    customer: str
    name: str
    ordered_at: datetime
    stamped_at: datetime
    currency_code: str
    payment_code: str
    token: str
    street: str
    postal_code: str
    city: str
    country_code: str
    note: str
    lines: tuple[ErpLine, ...]

    @property
    def key(self) -> str:
        """AUFNR, and the canonical external id."""
        return f"{self.number:010}"

    @property
    def total(self) -> Decimal:
        """Rounded once, over all lines."""
        return sum((line.gross for line in self.lines), Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Enters orders for these customers and products, repeatably for a given random source."""

    customers: Sequence[Customer]
    products: Sequence[Product]
    mistakes_per_1000: int = 40
    quotations_per_1000: int = 30

    def enter(self, number: int, at: datetime, chance: random.Random) -> ErpOrder:
        """One order, stamped `at`; a few contain one of MISTAKES, and a few are only quotations."""
        customer = chance.choice([c for c in self.customers if c.active and _currencies(c)])
        currency = chance.choice(_currencies(customer))
        lines = self._lines(currency, chance)
        on_account = customer.credit_limit is not None and customer.credit_limit.currency == currency
        country, postal_code, city = chance.choice(_PLACES)
        payment = "RG" if on_account and chance.random() < 0.4 else "KK"
        order = ErpOrder(
            number=number,
            kind="G" if chance.randrange(1000) < self.quotations_per_1000 else "A",
            customer=customer.customer_id,
            name=customer.name[:35],
            ordered_at=at,
            stamped_at=at,
            currency_code=next(code for code, name in CODES["WAE"].items() if name == currency),
            payment_code=payment,
            token="pm_card_visa" if payment == "KK" else "",
            street=f"{chance.choice(_STREETS)} {chance.randint(1, 140)}",
            postal_code=postal_code,
            city=city,
            country_code=country,
            note=chance.choice(_NOTES),
            lines=lines,
        )
        if chance.randrange(1000) < self.mistakes_per_1000:
            return _MISTAKES[chance.choice(MISTAKES)](order)
        return order

    def _lines(self, currency: str, chance: random.Random) -> tuple[ErpLine, ...]:
        sold = [product for product in self.products if product.active and currency in product.prices]
        chosen = chance.sample(sold, k=min(len(sold), chance.choice((1, 1, 1, 2, 2, 3, 4))))
        return tuple(
            ErpLine(
                number=10 * position,
                article=product.sku,
                pieces=Decimal(chance.randint(1, 3)),
                price=product.prices[currency],
                tax_code=chance.choice(("1", "1", "1", "2", "0")),
            )
            for position, product in enumerate(chosen, start=1)
        )


def _currencies(customer: Customer) -> list[str]:
    """Those of the customer that this ERP can bill in."""
    known = set(CODES["WAE"].values())
    return [currency for currency in customer.currencies or ("EUR",) if currency in known]


def _first_line(order: ErpOrder, change: Callable[[ErpLine], ErpLine]) -> ErpOrder:
    return replace(order, lines=(change(order.lines[0]), *order.lines[1:]))


def _three_times(line: ErpLine) -> ErpLine:
    return replace(line, price=(line.price * 3).quantize(Decimal("0.01")))


_MISTAKES: dict[str, Callable[[ErpOrder], ErpOrder]] = {
    "unknown_article": lambda order: _first_line(order, lambda line: replace(line, article="ALTTEIL-0815")),
    "wrong_price": lambda order: _first_line(order, _three_times),
    "declined_card": lambda order: replace(order, payment_code="KK", token="pm_card_chargeDeclined"),
    "unknown_currency_code": lambda order: replace(order, currency_code="99"),
    "no_customer": lambda order: replace(order, customer="C-UNBEKANNT"),
    "half_piece": lambda order: _first_line(order, lambda line: replace(line, pieces=Decimal("0.5"))),
}
MISTAKES = tuple(_MISTAKES)
"""What goes wrong in an order. An unknown currency code or half a piece cannot even be mapped."""
