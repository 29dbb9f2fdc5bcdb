"""Every rule of the business validation at its boundary, just below and just above it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import Reason
from chalicelib.domain.money import Money
from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.reference import Customer, Product
from chalicelib.domain.validation import violations
from tests.support.builders import CUSTOMER, GADGET, WIDGET, content, line

CATALOGUE = {product.sku: product for product in (WIDGET, GADGET)}
ON_ACCOUNT = PaymentInstruction("on_account")


def reasons(order: OrderContent, customer: Customer | None = CUSTOMER, *products: Product) -> tuple[Reason, ...]:
    """What speaks against the order; `products` replace those of the catalogue."""
    catalogue = CATALOGUE | {product.sku: product for product in products}
    return violations(order, customer, catalogue.get)


def codes(order: OrderContent, customer: Customer | None = CUSTOMER, *products: Product) -> list[str]:
    return [reason.code for reason in reasons(order, customer, *products)]


def test_a_valid_order_has_nothing_against_it() -> None:
    assert reasons(content("SO-1", line(), line("GADGET-7", 1, 2, "99.00"))) == ()


def test_an_unknown_customer() -> None:
    assert reasons(content(), None) == (Reason("unknown_customer", "customer C-1001 is not known", "customer_id"),)


def test_a_blocked_customer() -> None:
    assert reasons(content(), replace(CUSTOMER, active=False)) == (
        Reason("inactive_customer", "customer C-1001 is blocked or closed", "customer_id"),
    )


@pytest.mark.parametrize(
    ("agreed", "found"),
    [(("EUR",), []), (("USD", "EUR"), []), ((), []), (("USD",), ["currency_not_agreed"])],
    ids=["the one agreed", "one of two", "none is agreed, so any", "another one"],
)
def test_the_currency_is_one_that_was_agreed(agreed: tuple[str, ...], found: list[str]) -> None:
    assert codes(content(), replace(CUSTOMER, currencies=agreed)) == found


def test_a_currency_that_was_not_agreed_names_those_that_were() -> None:
    assert reasons(content(), replace(CUSTOMER, currencies=("USD", "GBP"))) == (
        Reason("currency_not_agreed", "customer C-1001 orders in USD, GBP, not in EUR", "currency"),
    )


def test_an_article_that_is_not_in_the_catalogue() -> None:
    order = content("SO-1", line(), line("NOBODYS", 1, 7, "1.00"))
    assert reasons(order) == (Reason("unknown_sku", "line 7: NOBODYS is not in the catalogue", "lines[1].sku"),)


def test_an_article_that_is_no_longer_sold() -> None:
    assert reasons(content(), CUSTOMER, replace(WIDGET, active=False)) == (
        Reason("discontinued_sku", "line 1: WIDGET-1 is no longer sold", "lines[0].sku"),
    )


def test_an_article_without_a_price_in_the_currency_of_the_order() -> None:
    assert reasons(content(), CUSTOMER, replace(WIDGET, prices={"USD": Decimal("12.50")})) == (
        Reason("no_price", "line 1: WIDGET-1 has no price in EUR", "lines[0].unit_price"),
    )


LISTED = Decimal("100.00")
OFF = ["price_out_of_tolerance"]


@pytest.mark.parametrize(
    ("tolerance", "price", "found"),
    [
        ("0", "100.00", []),
        ("0", "100.000001", OFF),
        ("0", "99.999999", OFF),
        ("0.02", "102.00", []),
        ("0.02", "101.999999", []),
        ("0.02", "102.000001", OFF),
        ("0.02", "98.00", []),
        ("0.02", "98.000001", []),
        ("0.02", "97.999999", OFF),
        ("1", "0", []),
        ("1", "200.000001", OFF),
    ],
)
def test_a_price_may_be_off_by_as_much_as_was_agreed(tolerance: str, price: str, found: list[str]) -> None:
    order = content("SO-1", line(unit_price=price))
    customer = replace(CUSTOMER, price_tolerance=Decimal(tolerance))
    assert codes(order, customer, replace(WIDGET, prices={"EUR": LISTED})) == found


@pytest.mark.parametrize(("price", "found"), [("0", []), ("0.000001", OFF)])
def test_nothing_is_off_the_price_of_an_article_that_is_free(price: str, found: list[str]) -> None:
    order = content("SO-1", line(unit_price=price))
    customer = replace(CUSTOMER, price_tolerance=Decimal("0.5"))
    assert codes(order, customer, replace(WIDGET, prices={"EUR": Decimal(0)})) == found


@pytest.mark.parametrize(("price", "found"), [("12.50", ["unknown_customer"]), ("12.51", ["unknown_customer", *OFF])])
def test_nothing_is_agreed_with_an_unknown_customer(price: str, found: list[str]) -> None:
    assert codes(content("SO-1", line(unit_price=price)), None) == found


def test_a_price_out_of_tolerance_says_what_would_be_right() -> None:
    order = content("SO-1", line(), line("GADGET-7", 1, 2, "100.00"))
    assert reasons(order, replace(CUSTOMER, price_tolerance=Decimal("0.005"))) == (
        Reason(
            "price_out_of_tolerance",
            "line 2: GADGET-7 is ordered at 100.00 EUR, the list price is 99.00 and at most 0.5% off it is agreed",
            "lines[1].unit_price",
        ),
    )


THIRDS = (line("WIDGET-1", 1, 1, "0.334"), line("WIDGET-1", 1, 2, "0.334"))
"""0.4008 each with tax: 0.80 if each line is rounded, and 0.80 of 0.8016."""

HALVES = tuple(line("WIDGET-1", 1, number, "0.3375") for number in (1, 2))
"""0.405 each with tax: 0.82 if each line is rounded, 0.81 if only the sum is."""


@pytest.mark.parametrize(
    ("lines", "total", "fits"),
    [
        ((line(),), 4500, True),
        ((line(),), 4499, False),
        ((line(),), 4501, False),
        (THIRDS, 79, False),
        (THIRDS, 80, True),
        (THIRDS, 81, False),
        (HALVES, 80, False),
        (HALVES, 81, True),
        (HALVES, 82, True),
        (HALVES, 83, False),
    ],
)
def test_the_total_is_the_sum_of_the_lines_to_the_cent(lines: Any, total: int, fits: bool) -> None:
    order = content("SO-1", *lines, total=Money(total, "EUR"))
    listed = replace(WIDGET, prices={"EUR": lines[0].unit_price})
    assert codes(order, CUSTOMER, listed) == ([] if fits else ["total_mismatch"])


def test_a_total_that_does_not_fit_says_what_the_lines_add_up_to() -> None:
    listed = replace(WIDGET, prices={"EUR": Decimal("0.3375")})
    assert reasons(content("SO-1", line(), total=Money(4501, "EUR"))) == (
        Reason("total_mismatch", "the lines add up to 45.00 EUR, the order says 45.01 EUR", "total"),
    )
    assert reasons(content("SO-1", *HALVES, total=Money(1, "EUR")), CUSTOMER, listed) == (
        Reason("total_mismatch", "the lines add up to 0.81 EUR or 0.82 EUR, the order says 0.01 EUR", "total"),
    )


@pytest.mark.parametrize(
    ("limit", "found"), [(4501, []), (4500, []), (4499, ["credit_limit_exceeded"]), (0, ["credit_limit_exceeded"])]
)
def test_an_order_on_account_may_use_the_whole_credit_limit(limit: int, found: list[str]) -> None:
    assert codes(content(payment=ON_ACCOUNT), replace(CUSTOMER, credit_limit=Money(limit, "EUR"))) == found


def test_an_order_above_the_credit_limit_names_both_amounts() -> None:
    assert reasons(content(payment=ON_ACCOUNT), replace(CUSTOMER, credit_limit=Money(4499, "EUR"))) == (
        Reason("credit_limit_exceeded", "45.00 EUR is above the credit limit of 44.99 EUR", "total"),
    )


@pytest.mark.parametrize("currency", ["CHF", "USD"])
def test_credit_in_another_currency(currency: str) -> None:
    assert reasons(content(payment=ON_ACCOUNT), replace(CUSTOMER, credit_limit=Money(10**9, currency))) == (
        Reason("credit_currency", f"the credit of C-1001 is in {currency}, not EUR", "currency"),
    )


def test_no_credit_account() -> None:
    assert reasons(content(payment=ON_ACCOUNT), replace(CUSTOMER, credit_limit=None)) == (
        Reason("no_credit", "customer C-1001 has no credit account", "payment.method"),
    )


@pytest.mark.parametrize("limit", [None, Money(0, "EUR"), Money(0, "USD")])
@pytest.mark.parametrize("method", ["card", "prepaid"])
def test_an_order_that_is_paid_otherwise_needs_no_credit(method: str, limit: Money | None) -> None:
    order = content(payment=PaymentInstruction(method, "token"))
    assert codes(order, replace(CUSTOMER, credit_limit=limit)) == []


def test_an_unknown_customers_credit_is_not_asked_for() -> None:
    assert codes(content(payment=ON_ACCOUNT), None) == ["unknown_customer"]


def test_everything_that_speaks_against_an_order_is_said_at_once_in_the_order_of_its_fields() -> None:
    order = content("SO-1", line("NOBODYS"), line(unit_price="13.00"), total=Money(1, "EUR"), payment=ON_ACCOUNT)
    customer = replace(CUSTOMER, active=False, credit_limit=None)
    assert codes(order, customer) == [
        "inactive_customer",
        "unknown_sku",
        "price_out_of_tolerance",
        "total_mismatch",
        "no_credit",
    ]
