"""Keys are identities: one writing for one key, and no remains of a lost value."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.orders.again import differences
from chalicelib.orders.payload import InvalidPayload, parse_order

LOST = [
    *("NULL", "null", "(null)", "None", "nil", "NaN", "n/a", "N/A", "undefined", "-", "--", "?"),
    *("#N/A", "#NV", "#REF!", "#BEZUG!", "#WERT!", "#DIV/0!", "#NAME?", "######", "#SPILL!"),
    *("1,23457E+15", "1.23457E+15", "1E+12", "-1.2E-07", '="0012"', "=A1"),
]
MEANT = ["#1001", "#ABC-7", "12E3", "1E5", "NULL-7", "N-A", "0012", "A=B", "E+15", "1.5", "None of these"]


def with_key(field: str, value: str) -> dict[str, Any]:
    if field == "sku":
        return {**ORDER, "lines": [{**ORDER["lines"][0], "sku": value}]}
    return {**ORDER, field: value}


@pytest.mark.parametrize("field", ["external_id", "customer_id", "sku"])
@pytest.mark.parametrize("value", LOST)
def test_remains_of_a_lost_value_are_no_key(field: str, value: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        parse_order(with_key(field, value))
    [problem] = refused.value.problems
    assert problem.field.endswith(field)


@pytest.mark.parametrize("value", MEANT)
def test_what_looks_odd_may_be_a_key(value: str) -> None:
    assert parse_order(with_key("external_id", value)).external_id == value


def test_one_number_in_two_encodings_is_one_order() -> None:
    composed, decomposed = with_key("external_id", "SO-\u00dc1"), with_key("external_id", "SO-U\u03081")
    assert parse_order(composed).order_id == parse_order(decomposed).order_id


@pytest.mark.parametrize("invisible", ["\u200b", "\u202e", "\u00ad", "\ufeff", "\u200d", "\u2066"])
def test_what_nobody_sees_is_in_no_key(invisible: str) -> None:
    with pytest.raises(InvalidPayload, match=r"external_id: holds U\+[0-9A-F]{4}, which nobody sees"):
        parse_order(with_key("external_id", f"SO{invisible}-1"))


def test_a_name_may_have_joiners_and_nothing_else_that_nobody_sees() -> None:
    def named(name: str) -> dict[str, Any]:
        return {**ORDER, "ship_to": {**ORDER["ship_to"], "name": name}}

    assert parse_order(named("\u0646\u0627\u0645\u0647\u200c\u0647\u0627"))
    with pytest.raises(InvalidPayload, match=r"ship_to\.name"):
        parse_order(named("Ana\u202e"))


def test_a_repeat_with_its_lines_in_another_order_and_accents_otherwise_encoded_is_the_same() -> None:
    lines = [{**ORDER["lines"][0], "line": number, "sku": f"SKU-{number}"} for number in (1, 2, 3)]
    ship_to = {**ORDER["ship_to"], "name": "J\u00fcrgen"}
    first = parse_order({**ORDER, "lines": lines, "ship_to": ship_to})
    again = parse_order({**ORDER, "lines": lines[::-1], "ship_to": {**ship_to, "name": "Ju\u0308rgen"}})
    assert differences(first, again) == ()
    assert first.payload_hash() == again.payload_hash()
