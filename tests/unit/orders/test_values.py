"""Values are checked by what the contract says, not by what a library happens to take: the same on every way in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.money import MINOR_UNITS
from chalicelib.orders.payload import MAX_AHEAD, InvalidPayload, parse_order

LINE: dict[str, Any] = ORDER["lines"][0]
NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


def wrong_fields(order: dict[str, Any], now: datetime | None = None) -> list[str]:
    """The fields that are named, read as text and as a value."""
    found: list[list[str]] = []
    for raw in (order, json.dumps(order)):
        try:
            parse_order(raw, now)
            found.append([])
        except InvalidPayload as error:
            found.append([problem.field for problem in error.problems])
    assert found[0] == found[1]
    return found[0]


def sent_to(country: str, **postal_code: str) -> dict[str, Any]:
    address = {name: value for name, value in ORDER["ship_to"].items() if name != "postal_code"}
    return {**ORDER, "ship_to": {**address, "country": country, **postal_code}}


@pytest.mark.parametrize("text", ["20261123T101500Z", "2026-11-23T10+01", "2026-11-23T10:15:00+23:59:59", "2026-11-23"])
def test_a_time_is_one_of_rfc_3339(text: str) -> None:
    assert wrong_fields({**ORDER, "ordered_at": text}) == ["ordered_at"]


@pytest.mark.parametrize("text", ["2026-11-23T10:15:00z", "2026-11-23t10:15:00Z", "2026-11-23 10:15:00z"])
def test_rfc_3339_does_not_mind_the_case(text: str) -> None:
    assert parse_order({**ORDER, "ordered_at": text}) == parse_order(ORDER)


def test_an_order_is_not_of_the_far_future() -> None:
    for after, fields in (
        (timedelta(0), []),
        (MAX_AHEAD, []),
        (MAX_AHEAD + timedelta(seconds=1), ["ordered_at"]),
        (timedelta(days=365 * 73), ["ordered_at"]),
    ):
        assert wrong_fields({**ORDER, "ordered_at": (NOW + after).isoformat()}, NOW) == fields
    assert wrong_fields({**ORDER, "ordered_at": "1999-12-31T23:59:59Z"}, NOW) == ["ordered_at"]


@pytest.mark.parametrize("country", ["ZZ", "UK", "EU", "AA", "XX", "SU", "de", "D", "DEU"])
def test_a_country_is_one_of_iso_3166(country: str) -> None:
    assert wrong_fields(sent_to(country, postal_code="20457")) == ["ship_to.country"]


@pytest.mark.parametrize("country", ["HK", "AE", "QA", "PA"])
def test_a_postal_code_may_be_missing_where_there_is_none(country: str) -> None:
    absent, empty = (parse_order(sent_to(country, **code)) for code in ({}, {"postal_code": ""}))
    assert absent == empty
    assert absent.ship_to.postal_code == ""
    assert absent.payload_hash() == empty.payload_hash()
    assert wrong_fields(sent_to(country, postal_code="999077")) == [], "some systems want one all the same"


@pytest.mark.parametrize("country", ["DE", "US", "GB", "FR", "JP", "IE"])
def test_a_postal_code_is_needed_where_there_are_some(country: str) -> None:
    assert wrong_fields(sent_to(country)) == ["ship_to.postal_code"]
    assert wrong_fields(sent_to(country, postal_code="")) == ["ship_to.postal_code"]


@pytest.mark.parametrize("wrong", [None, 20457, " ", "1" * 21, "20457\n"])
def test_a_postal_code_is_a_text(wrong: Any) -> None:
    for country in ("DE", "HK"):
        assert wrong_fields(sent_to(country, postal_code=wrong)) == ["ship_to.postal_code"]


@pytest.mark.parametrize(
    ("currency", "total"), [("CLF", "45.0001"), ("UYW", "45.1234"), ("CHE", "45.01"), ("MXV", "1")]
)
def test_every_currency_of_iso_4217_has_its_decimals(currency: str, total: str) -> None:
    assert parse_order({**ORDER, "currency": currency, "total": total}).total.currency == currency
    finer = "1." + "0" * MINOR_UNITS[currency] + "1"
    assert wrong_fields({**ORDER, "currency": currency, "total": finer}) == ["total"]


@pytest.mark.parametrize("currency", ["XXX", "XTS", "XAU", "XDR", "DEM", "BGN", "eur", "€"])
def test_what_is_no_money_is_no_currency(currency: str) -> None:
    assert wrong_fields({**ORDER, "currency": currency}) == ["currency"]


@pytest.mark.parametrize("number", ["3", "3.0", "3.000", "3e0", "30e-1", "0.3E1"])
def test_a_whole_number_is_one_however_it_is_written(number: str) -> None:
    text = json.dumps(ORDER)
    for field, value in (('"quantity": 3', f'"quantity": {number}'), ('"line": 1', f'"line": {number}')):
        assert field in text
        order = parse_order(text.replace(field, value))
        assert 3 in (order.lines[0].quantity, order.lines[0].line)
    assert parse_order(text.replace('"quantity": 3', f'"quantity": {number}')) == parse_order(ORDER)


@pytest.mark.parametrize("number", [3.5, 2.9999999, True, "3", "3.0", None, 1e300, float("inf"), float("nan"), 2.0**53])
def test_what_is_no_whole_number_is_refused(number: Any) -> None:
    for name in ("quantity", "line"):
        order = {**ORDER, "lines": [{**LINE, name: number}]}
        with pytest.raises(InvalidPayload) as refused:
            parse_order(order)
        assert [problem.field for problem in refused.value.problems] == [f"lines[0].{name}"]
