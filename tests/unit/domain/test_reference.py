"""Reference data with only what must be given: what is left out grants nothing."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.reference import Customer, Product


def test_a_customer_of_whom_nothing_else_is_known() -> None:
    assert Customer("C-1", "Somebody") == Customer(
        "C-1", "Somebody", active=True, price_tolerance=Decimal(0), currencies=(), credit_limit=None
    )


def test_a_product_of_which_nothing_else_is_known_has_no_price() -> None:
    assert Product("A", "Something") == Product("A", "Something", active=True, prices={})
