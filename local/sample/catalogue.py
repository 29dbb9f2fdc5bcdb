"""The sample company's data, out of the files in `data`: what a fresh local stack is seeded with.

The folder `data/reference` is exactly what an integration engineer would publish with
`python -m chalicelib publish-reference local/sample/data/reference`.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from chalicelib.domain.money import Money
from chalicelib.domain.order import Address
from chalicelib.domain.reference import Customer, DeliveryHold, Product
from chalicelib.reference_data.sources import ReferenceSet, read_directory

_FILES = Path(__file__).parent / "data"

DATA_FOLDER = _FILES / "reference"
"""Customers, products and holds, ready to be published."""


def customers() -> tuple[Customer, ...]:
    return tuple(_reference().customers or ())


def products() -> tuple[Product, ...]:
    return tuple(_reference().products or ())


def holds() -> tuple[DeliveryHold, ...]:
    return tuple(_reference().holds or ())


def stock() -> dict[str, int]:
    """SKU -> pieces. Three SKUs are scarce on purpose; of the others there is enough for 200,000 streamed orders."""
    return {row["sku"]: int(row["pieces"]) for row in _rows("stock.csv")}


def credit_accounts() -> dict[str, Money]:
    """Customer -> credit account to open. One was lowered since the limit was published, one was never opened."""
    return {row["customer_id"]: Money.parse(row["limit"], row["currency"]) for row in _rows("credit_accounts.csv")}


@cache
def addresses() -> dict[str, Address]:
    """Customer -> where its orders go."""
    return {row.pop("customer_id"): Address(**row) for row in _rows("addresses.csv")}


@cache
def _reference() -> ReferenceSet:
    return read_directory(DATA_FOLDER)


def _rows(name: str) -> list[dict[str, str]]:
    with (_FILES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
