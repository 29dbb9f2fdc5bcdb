"""Business validation: does the order agree with what we know of its customer and products?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from chalicelib.domain.errors import Reason
from chalicelib.domain.order import Line, OrderContent
from chalicelib.domain.reference import Customer, Product


def violations(
    content: OrderContent, customer: Customer | None, product: Callable[[str], Product | None]
) -> tuple[Reason, ...]:
    """Every reason to refuse the order, in the order of its fields; empty if it is valid."""
    return (
        *_customer(content, customer),
        *(r for index, line in enumerate(content.lines) for r in _line(content, customer, product, index, line)),
        *_total(content),
        *_credit(content, customer),
    )


def _customer(content: OrderContent, customer: Customer | None) -> Iterator[Reason]:
    if customer is None:
        yield Reason("unknown_customer", f"customer {content.customer_id} is not known", "customer_id")
    elif not customer.active:
        yield Reason("inactive_customer", f"customer {content.customer_id} is blocked or closed", "customer_id")
    elif customer.currencies and content.currency not in customer.currencies:
        agreed = ", ".join(customer.currencies)
        yield Reason(
            "currency_not_agreed",
            f"customer {content.customer_id} orders in {agreed}, not in {content.currency}",
            "currency",
        )


def _line(
    content: OrderContent,
    customer: Customer | None,
    product: Callable[[str], Product | None],
    index: int,
    line: Line,
) -> Iterator[Reason]:
    where = f"lines[{index}]"
    found = product(line.sku)
    if found is None:
        yield Reason("unknown_sku", f"line {line.line}: {line.sku} is not in the catalogue", f"{where}.sku")
    elif not found.active:
        yield Reason("discontinued_sku", f"line {line.line}: {line.sku} is no longer sold", f"{where}.sku")
    elif content.currency not in found.prices:
        yield Reason(
            "no_price", f"line {line.line}: {line.sku} has no price in {content.currency}", f"{where}.unit_price"
        )
    else:
        list_price = found.prices[content.currency]
        tolerance = customer.price_tolerance if customer else Decimal(0)
        if abs(line.unit_price - list_price) > list_price * tolerance:
            yield Reason(
                "price_out_of_tolerance",
                f"line {line.line}: {line.sku} is ordered at {line.unit_price} {content.currency}, the list price is "
                f"{list_price} and at most {tolerance:.1%} off it is agreed",
                f"{where}.unit_price",
            )


def _total(content: OrderContent) -> Iterator[Reason]:
    possible = content.possible_totals()
    if content.total not in possible:
        sums = " or ".join(str(total) for total in sorted(possible))
        yield Reason("total_mismatch", f"the lines add up to {sums}, the order says {content.total}", "total")


def _credit(content: OrderContent, customer: Customer | None) -> Iterator[Reason]:
    if content.payment.method != "on_account" or customer is None:
        return
    limit = customer.credit_limit
    if limit is None:
        yield Reason("no_credit", f"customer {customer.customer_id} has no credit account", "payment.method")
    elif limit.currency != content.currency:
        yield Reason(
            "credit_currency",
            f"the credit of {customer.customer_id} is in {limit.currency}, not {content.currency}",
            "currency",
        )
    elif content.total > limit:
        yield Reason("credit_limit_exceeded", f"{content.total} is above the credit limit of {limit}", "total")
