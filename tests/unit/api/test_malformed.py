"""Whatever is wrong with a body: a 4xx problem that names the field and the remedy, never a 5xx, nothing stored.

An order whose lines do not add up is well formed: it is accepted, and ValidateOrder rejects it with its reason.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api.openapi.examples import ORDER
from tests.support.api import ApiBench

LINE: dict[str, Any] = ORDER["lines"][0]


@pytest.fixture
def api() -> Iterator[ApiBench]:
    """After each test, nothing has been stored and nothing started."""
    bench = ApiBench()
    yield bench
    assert list(bench.fakes.events.order_ids()) == []
    assert bench.fakes.workflow.started == []


def with_line(**changes: Any) -> dict[str, Any]:
    return {**ORDER, "lines": [{**LINE, **changes}]}


def with_address(**changes: Any) -> dict[str, Any]:
    return {**ORDER, "ship_to": {**ORDER["ship_to"], **changes}}


LONG = "x" * 200_000
WRONG_FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "negative quantity": (with_line(quantity=-3), "lines[0].quantity"),
    "quantity 0": (with_line(quantity=0), "lines[0].quantity"),
    "quantity as text": (with_line(quantity="3"), "lines[0].quantity"),
    "quantity with decimals": (with_line(quantity=1.5), "lines[0].quantity"),
    "quantity true": (with_line(quantity=True), "lines[0].quantity"),
    "quantity of more than a million": (with_line(quantity=1_000_001), "lines[0].quantity"),
    "price of seven decimals": (with_line(unit_price="12.5000001"), "lines[0].unit_price"),
    "quantity of 30 digits": (with_line(quantity=10**30), "lines[0].quantity"),
    "price NaN": (with_line(unit_price="NaN"), "lines[0].unit_price"),
    "price 1e400": (with_line(unit_price="1e400"), "lines[0].unit_price"),
    "price Infinity": (with_line(unit_price="-Infinity"), "lines[0].unit_price"),
    "price as a number": (with_line(unit_price=12.5), "lines[0].unit_price"),
    "price with a comma": (with_line(unit_price="12,50"), "lines[0].unit_price"),
    "price in other digits": (with_line(unit_price="١٢"), "lines[0].unit_price"),
    "price of 7 decimals": (with_line(unit_price="1.0000001"), "lines[0].unit_price"),
    "tax of 20": (with_line(tax_rate="20"), "lines[0].tax_rate"),
    "negative total": ({**ORDER, "total": "-45.00"}, "total"),
    "total beyond any order": ({**ORDER, "total": "9" * 18}, "total"),
    "total finer than a cent": ({**ORDER, "total": "45.001"}, "total"),
    "total as a list": ({**ORDER, "total": ["45.00"]}, "total"),
    "unknown field": ({**ORDER, "priority": "high"}, "priority"),
    "unknown field of a line": (with_line(colour="blue"), "lines[0].colour"),
    "no lines": ({**ORDER, "lines": []}, "lines"),
    "lines as an object": ({**ORDER, "lines": {"1": LINE}}, "lines"),
    "a line is null": ({**ORDER, "lines": [None]}, "lines[0]"),
    "the same line number twice": ({**ORDER, "lines": [LINE, LINE]}, "lines"),
    "200 kB in an id": ({**ORDER, "external_id": LONG}, "external_id"),
    "200 kB in an address": (with_address(address=LONG), "ship_to.address"),
    "200 kB in a price": (with_line(unit_price="1" * 200_000), "lines[0].unit_price"),
    "a control character": (with_line(sku="WIDGET\u0000"), "lines[0].sku"),
    "a line break": (with_address(city="Ham\nburg"), "ship_to.city"),
    "a lone surrogate": (with_address(name="Nordlicht \ud800"), "ship_to.name"),
    "a private character": (with_address(name="\ue000"), "ship_to.name"),
    "blanks around": ({**ORDER, "customer_id": " C-1001"}, "customer_id"),
    "an empty text": ({**ORDER, "customer_id": ""}, "customer_id"),
    "null for a text": ({**ORDER, "customer_id": None}, "customer_id"),
    "a source in capitals": ({**ORDER, "source": "SAP"}, "source"),
    "an unknown currency": ({**ORDER, "currency": "XXX"}, "currency"),
    "a naive time": ({**ORDER, "ordered_at": "2026-11-23T10:15:00"}, "ordered_at"),
    "a time as a number": ({**ORDER, "ordered_at": 1_795_000_000}, "ordered_at"),
    "a time before computers": ({**ORDER, "ordered_at": "0001-01-01T00:00:00+14:00"}, "ordered_at"),
    "a card without a token": ({**ORDER, "payment": {"method": "card"}}, "payment"),
    "a token of 200 kB": ({**ORDER, "payment": {"method": "card", "token": LONG}}, "payment.token"),
    "a country of three letters": (with_address(country="DEU"), "ship_to.country"),
}


@pytest.mark.parametrize("case", WRONG_FIELDS)
def test_a_wrong_field_is_named(api: ApiBench, case: str) -> None:
    body, field = WRONG_FIELDS[case]
    reply = api.post("/orders", body, api.ingest)
    assert (reply.status, reply.fields) == (422, [field])
    assert reply.json["type"] == "urn:orderbridge:problem:validation"
    assert len(reply.text) < 2000, "the input is not sent back"
    assert all(error["message"] for error in reply.json["errors"])


TEXT = json.dumps(ORDER)
UNREADABLE: dict[str, str] = {
    "nothing": "",
    "blanks": "   ",
    "broken": TEXT[:-1],
    "two documents": TEXT + TEXT,
    "trailing comma": TEXT.replace('"currency"', ',"currency"'),
    "single quotes": TEXT.replace('"', "'"),
    "raw control character": TEXT.replace("Hamburg", "Ham\x01burg"),
    "a number of 5,000 digits": TEXT.replace('"quantity": 3', '"quantity": ' + "9" * 5000),
    "nested 100,000 deep": '{"lines":' + "[" * 100_000,
    "nested 100,000 deep, closed": '{"lines":' + "[" * 100_000 + "]" * 100_000 + "}",
    "objects nested 100,000 deep": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a byte order mark": "\ufeff" + TEXT,
    "XML": "<order/>",
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_body_that_is_no_json_is_400(api: ApiBench, case: str) -> None:
    reply = api.post("/orders", UNREADABLE[case], api.ingest)
    assert reply.status == 400
    assert reply.json["type"] == "urn:orderbridge:problem:malformed-request"
    assert reply.json["errors"]
    assert len(reply.text) < 2000


@pytest.mark.parametrize("body", ["null", f"[{TEXT}]", '"order"', "45", "true", "NaN"])
def test_json_that_is_no_object_is_422(api: ApiBench, body: str) -> None:
    reply = api.post("/orders", body, api.ingest)
    assert (reply.status, reply.fields) == (422, [""])
    assert "must be a JSON object" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_number_that_is_none_is_named(api: ApiBench, number: str) -> None:
    """Not JSON, except 1e400; Python's parser takes them all, no field does."""
    for text, field in (('"quantity": 3', "lines[0].quantity"), ('"total": "45.00"', "total")):
        reply = api.post("/orders", TEXT.replace(text, f"{text.split(':')[0]}: {number}"), api.ingest)
        assert (reply.status, reply.fields) == (422, [field])


def test_deep_nesting_in_a_field_is_named(api: ApiBench) -> None:
    """As deep as Python's parser goes."""
    for deep in (50, 500, 900):
        reply = api.post("/orders", TEXT.replace('"C-1001"', "[" * deep + "]" * deep), api.ingest)
        assert reply.status in (400, 422)


def test_names_that_stand_twice_are_refused_with_their_place(api: ApiBench) -> None:
    """Python's parser would silently keep the last."""
    text = TEXT.replace('"quantity": 3', '"quantity": 1, "quantity": 3').replace('"total"', '"total": "1.00", "total"')
    reply = api.post("/orders", text, api.ingest)
    assert reply.status == 400
    assert sorted(reply.fields) == ["lines[0].quantity", "total"]
    assert "more than once" in reply.json["errors"][0]["message"]


def test_all_wrong_fields_are_named_at_once(api: ApiBench) -> None:
    body = {**with_line(quantity=-1, unit_price="x"), "currency": "eur", "total": "NaN", "extra": 1}
    del body["customer_id"]
    reply = api.post("/orders", body, api.ingest)
    assert reply.status == 422
    assert sorted(reply.fields) == [
        "currency",
        "customer_id",
        "extra",
        "lines[0].quantity",
        "lines[0].unit_price",
        "total",
    ]


def test_500_lines_of_wrong_fields_are_all_named(api: ApiBench) -> None:
    wrong = {"line": 0, "sku": "", "quantity": 0, "unit_price": "-1", "tax_rate": "2"}
    reply = api.post("/orders", {**ORDER, "lines": [wrong] * 500}, api.ingest)
    assert reply.status == 422
    assert len(reply.json["errors"]) == 2500
    assert "errors_omitted" not in reply.json


def test_a_pile_of_unknown_fields_is_cut_short(api: ApiBench) -> None:
    """The answer must fit into what Lambda can return (6 MB)."""
    reply = api.post("/orders", {f"field{number}": 1 for number in range(40_000)}, api.ingest)
    assert reply.status == 422
    assert len(reply.json["errors"]) == 3000
    assert reply.json["errors_omitted"] == 40_000 + 9 - 3000
    assert len(reply.text) < 1_000_000


@pytest.mark.parametrize("size", [1_000_001, 7_000_000])
def test_a_large_body_is_413(api: ApiBench, size: int) -> None:
    for body in (" " * size, TEXT.replace("Hamburg", "x" * size)):
        reply = api.post("/orders", body, api.ingest)
        assert reply.status == 413
        assert "1,000,000" in reply.json["errors"][0]["message"]


def test_bytes_count_not_characters(api: ApiBench) -> None:
    assert api.post("/orders", TEXT.replace("Hamburg", "€" * 400_000), api.ingest).status == 413


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"\xff\xfe{\x00}\x00", "byte order mark"),
        (b'{"source": "\xe4"}', "UTF-8 at byte 13"),
        (TEXT.encode("utf-16-le"), "not JSON"),
        (b"\xc3\x28", "UTF-8 at byte 1"),
    ],
)
def test_bytes_that_are_not_utf_8_are_400(api: ApiBench, body: bytes, wanted: str) -> None:
    """If the API were set to pass JSON as binary."""
    reply = api.request("POST", "/orders", body, token=api.ingest, is_base64=True)
    assert reply.status == 400
    assert wanted in reply.json["detail"]


@pytest.mark.parametrize("charset", ["latin-1", "cp1252"])
def test_a_lost_character_is_named_also_behind_the_gateway(api: ApiBench, charset: str) -> None:
    """API Gateway replaces what is not UTF-8 by U+FFFD; an order must not be stored with it."""
    text = TEXT.replace("Hamburg", "München")
    reply = api.post("/orders", text.encode(charset), api.ingest)
    assert reply.status in (400, 422)
    if reply.status == 422:
        [problem] = reply.json["errors"]
        assert problem["field"] == "ship_to.city"
        assert "U+FFFD" in problem["message"]


@pytest.mark.parametrize("charset", ["utf-16", "utf-32-be", "cp500"])
def test_another_encoding_is_400_also_behind_the_gateway(api: ApiBench, charset: str) -> None:
    text = TEXT.replace("Hamburg", "München")
    reply = api.post("/orders", text.encode(charset), api.ingest)
    assert (reply.status, reply.json["type"]) == (400, "urn:orderbridge:problem:malformed-request")


def test_what_is_no_base_64_is_400(api: ApiBench) -> None:
    reply = api.request("POST", "/orders", "not base 64 at all!", token=api.ingest, is_base64=True)
    assert (reply.status, reply.json["errors"][0]["message"]) == (400, "is not valid base 64")


def test_a_large_body_in_base_64_is_413(api: ApiBench) -> None:
    for size in (1_000_001, 3_000_000):
        body = base64.b64encode(b" " * size).decode()
        assert api.request("POST", "/orders", body, token=api.ingest, is_base64=True).status == 413


def test_a_surrogate_that_came_through_as_text_is_400(api: ApiBench) -> None:
    assert api.post("/orders", TEXT.replace("Hamburg", "\udcff"), api.ingest).status == 400


class TestWellFormed:
    """Unusual, but right: accepted."""

    def test_json_in_base_64(self) -> None:
        api = ApiBench()
        assert api.request("POST", "/orders", TEXT.encode(), token=api.ingest, is_base64=True).status == 202

    def test_text_in_any_script(self) -> None:
        api = ApiBench()
        body = with_address(name="株式会社 北光", city="Łódź", address="ул. Ленина 1, 𝒜, 👍🏽")
        reply = api.post("/orders", json.dumps(body, ensure_ascii=False), api.ingest)
        assert reply.status == 202

    def test_lines_that_do_not_add_up_are_business_not_form(self) -> None:
        """Answered 202; ValidateOrder rejects the order with `total_mismatch`, where the ERP reads it."""
        api = ApiBench()
        assert api.post("/orders", {**ORDER, "total": "46.00"}, api.ingest).status == 202
