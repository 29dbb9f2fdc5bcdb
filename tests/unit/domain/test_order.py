"""What was ordered: its identity, what of it counts as the same, and its arithmetic."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ids import hashed_id
from chalicelib.domain.money import MINOR_UNITS, Money
from chalicelib.domain.order import MAX_LINES, Line, OrderContent, PaymentInstruction, order_id
from tests.support.builders import ADDRESS, NOW, content, line


def test_an_order_is_what_its_source_calls_it() -> None:
    assert content("SO-1").order_id == order_id("sap-emea", "SO-1") == hashed_id("o", "sap-emea", "SO-1")
    assert content("SO-1", source="sap-apac").order_id == order_id("sap-apac", "SO-1")
    assert len({order_id(source, number) for source in ("a", "b") for number in ("1", "2")}) == 4


def test_an_order_has_at_most_500_lines() -> None:
    """The form of an order refuses more (orders/payload.py); what is promised to callers is this number."""
    assert MAX_LINES == 500


# the same or not the same


def test_the_fields_of_an_order_as_text() -> None:
    order = content("SO-1", line(), line("GADGET-7", 1, 20, "99"), payment=PaymentInstruction("card", "pm_1"))
    assert (
        order.flat().items()
        >= {
            "source": "sap-emea",
            "external_id": "SO-1",
            "ordered_at": "2026-11-23T10:15:00+00:00",
            "customer_id": "C-1001",
            "currency": "EUR",
            "lines[0].line": "1",
            "lines[0].sku": "WIDGET-1",
            "lines[0].quantity": "3",
            "lines[0].unit_price": "12.5",
            "lines[0].tax_rate": "0.2",
            "lines[1].line": "20",
            "lines[1].sku": "GADGET-7",
            "lines[1].quantity": "1",
            "lines[1].unit_price": "99",
            "lines[1].tax_rate": "0.2",
            "total": "163.80",
            "payment.method": "card",
            "payment.token": "pm_1",
            "ship_to.name": "Nordlicht Handel GmbH",
            "ship_to.address": "Hafenstr. 12",
            "ship_to.city": "Hamburg",
            "ship_to.postal_code": "20457",
            "ship_to.country": "DE",
        }.items()
    )


SAME = {
    "a price with more zeros": content("SO-1", line(unit_price="12.5000")),
    "a price with an exponent": content("SO-1", replace(line(), unit_price=Decimal("1.250E1"))),
    "a tax rate with fewer zeros": content("SO-1", replace(line(), tax_rate=Decimal("0.2"))),
    "the time in another zone": content("SO-1", ordered_at=NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))),
}


@pytest.mark.parametrize("same", SAME.values(), ids=SAME.keys())
def test_another_way_to_write_it_is_the_same_order(same: OrderContent) -> None:
    assert same.flat() == content("SO-1").flat()
    assert same.payload_hash() == content("SO-1").payload_hash()


def test_a_large_round_number_is_written_out() -> None:
    assert content("SO-1", line(unit_price="1000000")).flat()["lines[0].unit_price"] == "1000000"


OTHER = {
    "source": content("SO-1", source="sap-apac"),
    "external_id": content("SO-2"),
    "ordered_at": content("SO-1", ordered_at=NOW + timedelta(microseconds=1)),
    "customer_id": content("SO-1", customer_id="C-1002"),
    "currency": content("SO-1", currency="USD"),
    "total": content("SO-1", total=Money(4501, "EUR")),
    "payment.method": content("SO-1", payment=PaymentInstruction("on_account", "pm_card_visa")),
    "payment.token": content("SO-1", payment=PaymentInstruction("card", "pm_card_amex")),
    "ship_to.name": content("SO-1", ship_to=replace(ADDRESS, name="Somebody")),
    "ship_to.address": content("SO-1", ship_to=replace(ADDRESS, address="Hafenstr. 13")),
    "ship_to.city": content("SO-1", ship_to=replace(ADDRESS, city="Bremen")),
    "ship_to.postal_code": content("SO-1", ship_to=replace(ADDRESS, postal_code="20458")),
    "ship_to.country": content("SO-1", ship_to=replace(ADDRESS, country="AT")),
    "lines[0].line": content("SO-1", line(number=2)),
    "lines[0].sku": content("SO-1", line("WIDGET-2")),
    "lines[0].quantity": content("SO-1", line(quantity=4), total=Money(4500, "EUR")),
    "lines[0].unit_price": content("SO-1", line(unit_price="12.500001")),
    "lines[0].tax_rate": content("SO-1", replace(line(), tax_rate=Decimal("0.19")), total=Money(4500, "EUR")),
}


@pytest.mark.parametrize(("field", "other"), OTHER.items(), ids=OTHER.keys())
def test_another_value_of_any_field_is_another_order(field: str, other: OrderContent) -> None:
    before, after = content("SO-1").flat(), other.flat()
    assert [name for name in before if before[name] != after[name]] == [field]
    assert other.payload_hash() != content("SO-1").payload_hash()


def test_every_field_was_changed_above() -> None:
    assert content("SO-1").flat().keys() == OTHER.keys()


def test_a_line_more_is_another_order() -> None:
    assert content("SO-1", line(), line(number=2)).payload_hash() != content("SO-1").payload_hash()


def test_the_hash_is_made_of_the_fields_in_alphabetical_order() -> None:
    fields = sorted(content("SO-1").flat().items())
    assert content("SO-1").payload_hash() == hashlib.sha256(json.dumps(dict(fields)).encode()).hexdigest()


# arithmetic


def test_a_sku_on_several_lines_is_reserved_once() -> None:
    order = content("SO-1", line("B", 2, 1), line("A", 1, 2), line("B", 5, 3))
    assert list(order.quantities().items()) == [("A", 1), ("B", 7)]


LINES = st.builds(
    Line,
    line=st.just(1),
    sku=st.just("WIDGET-1"),
    quantity=st.integers(1, 10_000),
    unit_price=st.decimals(0, 10_000, places=6),
    tax_rate=st.decimals(0, 1, places=4),
)


def rounded(amount: Fraction, currency: str) -> int:
    """Half up, in minor units."""
    return int((2 * amount * 10 ** MINOR_UNITS[currency] + 1) // 2)


@given(LINES)
def test_the_gross_amount_is_exact(one: Line) -> None:
    assert Fraction(one.gross) == one.quantity * Fraction(one.unit_price) * (1 + Fraction(one.tax_rate))


@given(st.lists(LINES, min_size=1, max_size=6), st.sampled_from(["JPY", "EUR", "KWD"]))
def test_each_line_is_rounded_or_only_the_sum_of_them(lines: list[Line], currency: str) -> None:
    order = content("SO-1", *lines, currency=currency, total=Money(0, currency))
    exact = [one.quantity * Fraction(one.unit_price) * (1 + Fraction(one.tax_rate)) for one in lines]
    assert order.possible_totals() == {
        Money(sum(rounded(amount, currency) for amount in exact), currency),
        Money(rounded(sum(exact, Fraction(0)), currency), currency),
    }


def test_two_halves_make_two_possible_totals() -> None:
    order = content("SO-1", *(line("WIDGET-1", 1, number, "0.3375") for number in (1, 2)))
    assert order.possible_totals() == {Money(81, "EUR"), Money(82, "EUR")}


def test_the_time_is_compared_in_utc() -> None:
    noon = datetime(2026, 11, 23, 12, 15, tzinfo=timezone(timedelta(hours=2)))
    assert content("SO-1", ordered_at=noon).flat()["ordered_at"] == noon.astimezone(UTC).isoformat()
