"""The OpenAPI document says what is true, so that a generated client can rely on it: either/or, formats, examples."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib import API_VERSION
from chalicelib.api.handlers.batch_requests import BatchIn
from chalicelib.api.http import problems
from chalicelib.api.openapi import document
from chalicelib.api.openapi.examples import ORDER
from chalicelib.api.openapi.variants import VARIANTS
from chalicelib.orders.payload import PaymentIn
from tests.support.api import ApiBench, validator
from tests.support.bulk import jsonl, order

DOCUMENT = document.document()
SCHEMAS = DOCUMENT["components"]["schemas"]
READS = [pytest.param(path, item["get"], id=path) for path, item in DOCUMENT["paths"].items() if "get" in item]


def is_valid(name: str, value: Any) -> bool:
    return bool(validator({"$ref": f"#/components/schemas/{name}"}, DOCUMENT).is_valid(value))


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


@pytest.mark.parametrize(
    "payment",
    [
        {"method": "card"},
        {"method": "card", "token": "a b"},
        {"method": "on_account", "token": "pm_card_visa"},
        {"method": "cash"},
        {},
    ],
)
def test_a_payment_is_either_by_card_or_on_account(api: ApiBench, payment: dict[str, Any]) -> None:
    assert not is_valid("OrderIn", {**ORDER, "payment": payment})
    assert api.post("/orders", {**ORDER, "payment": payment}, api.ingest).status == 422


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"format": "csv", "orders": [{}]},
        {"format": "csv", "encoding": "utf-8"},
        {"format": "jsonl", "mapping": "default"},
        {"orders": [{}], "encoding": "utf-8"},
        {"orders": []},
        {"format": "xml"},
    ],
)
def test_a_batch_is_either_orders_or_a_file(api: ApiBench, body: dict[str, Any]) -> None:
    body = {"source": "sap-emea", **body}
    assert not is_valid("BatchIn", body)
    assert api.post("/batches", body, api.ingest).status == 422


@pytest.mark.parametrize(
    "body",
    [
        {"orders": [ORDER]},
        {"format": "csv"},
        {"format": "csv", "mapping": "default"},
        {"format": "json", "encoding": "latin-1"},
    ],
)
def test_each_way_is_valid_in_one_schema_only(api: ApiBench, body: dict[str, Any]) -> None:
    body = {"source": "sap-emea", **body}
    assert [name for name in SCHEMAS if name.startswith("BatchOf") and is_valid(name, body)] != []
    assert is_valid("BatchIn", body)
    assert api.post("/batches", body, api.ingest).status == 202


def test_the_ways_name_fields_that_there_are() -> None:
    for model in (PaymentIn, BatchIn):
        for variant in VARIANTS[model.__name__]:
            assert {*variant.fixed, *variant.needs, *variant.without} <= model.model_fields.keys()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("ordered_at", 5),
        ("total", "45,00"),
        ("total", "-1.00"),
        ("currency", "XXX"),
        ("customer_id", " C-1"),
        ("external_id", "a\x00"),
        ("source", "SAP"),
    ],
)
def test_the_schema_says_what_the_validators_refuse(api: ApiBench, field: str, wrong: Any) -> None:
    assert not is_valid("OrderIn", {**ORDER, field: wrong})
    assert api.post("/orders", {**ORDER, field: wrong}, api.ingest).status == 422


@pytest.mark.parametrize(
    ("name", "right"), [("unit_price", "1000000000000"), ("unit_price", "0.000001"), ("tax_rate", "1.00")]
)
def test_the_schema_refuses_nothing_that_is_taken(api: ApiBench, name: str, right: str) -> None:
    changed = {**ORDER, "lines": [{**ORDER["lines"][0], name: right}]}
    assert is_valid("OrderIn", changed)
    assert api.post("/orders", changed, api.ingest).status == 202


def test_times_have_their_format() -> None:
    for name, schema in SCHEMAS.items():
        for field, described in schema.get("properties", {}).items():
            if field.endswith("_at") and name != "EventView":
                ways = described.get("anyOf", [described])
                assert "date-time" in [way.get("format") for way in ways], f"{name}.{field}"


@pytest.mark.parametrize(("path", "operation"), READS)
def test_the_call_of_the_examples_is_answered(path: str, operation: dict[str, Any]) -> None:
    """As it stands in the document: each parameter with its example, and all of them together."""
    api = ApiBench()
    examples = {
        one["name"]: one["example"] for one in operation["parameters"] if one.get("in") == "query" and "example" in one
    }
    for one in operation["parameters"]:
        if one.get("in") == "path":
            assert re.fullmatch(one["schema"]["pattern"], one["example"])
            path = path.replace("{" + one["name"] + "}", one["example"])
    for query in ({}, examples, *({name: value} for name, value in examples.items())):
        if "wait" in query:
            continue
        reply = api.get(f"{path}?{urlencode(query)}" if query else path, api.operate)
        assert reply.status in (200, 404), reply.text


def test_every_operation_has_a_tag_that_is_explained() -> None:
    known = {tag["name"] for tag in DOCUMENT["tags"]}
    for item in [*DOCUMENT["paths"].values(), *DOCUMENT["webhooks"].values()]:
        for operation in item.values():
            assert set(operation["tags"]) <= known
            assert operation["tags"]


def test_the_callbacks_are_described_with_examples_that_hold() -> None:
    for item in DOCUMENT["webhooks"].values():
        content = item["post"]["requestBody"]["content"]["application/json"]
        validator(content["schema"], DOCUMENT).validate(content["examples"]["callback"]["value"])
        names = {parameter["name"] for parameter in item["post"]["parameters"]}
        assert names == {"webhook-id", "webhook-timestamp", "webhook-signature"}


class TestPages:
    """Whoever follows a list has three ways: the link in the body, the header Link, the bare cursor."""

    @pytest.fixture
    def api(self) -> ApiBench:
        bench = ApiBench()
        for number in range(3):
            bench.bulk.started(jsonl([order(number)]))
            bench.post("/orders", {**ORDER, "external_id": f"SO-{number}"}, bench.ingest)
            bench.fakes.clock.advance(60)
        for known in list(bench.fakes.events.order_ids()):
            bench.fakes.project(known)
        return bench

    @pytest.mark.parametrize("path", ["/orders", "/batches"])
    def test_they_lead_to_the_same_page(self, api: ApiBench, path: str) -> None:
        first = api.get(f"{path}?limit=2", api.read)
        cursor, link = first.json["next_cursor"], first.header("Link")
        assert first.json["links"]["next"] == f"{path}?limit=2&cursor={cursor}"
        assert link == f'<.{first.json["links"]["next"]}>; rel="next"'
        last = api.get(f"{path}?limit=2&cursor={cursor}", api.read)
        assert len(last.json[path[1:]]) == 1
        assert (last.json["next_cursor"], last.header("Link"), last.json["links"].get("next")) == (None, None, None)


def test_every_answer_says_its_version(api: ApiBench) -> None:
    for reply in (api.get("/health"), api.get("/orders", api.read), api.request("OPTIONS", "/orders")):
        assert reply.header("API-Version") == API_VERSION == DOCUMENT["info"]["version"]


def test_places_are_named_in_one_way(api: ApiBench) -> None:
    for reply in (
        api.post("/orders", {**ORDER, "lines": [{}]}, api.ingest),
        api.post("/batches", {"source": "sap-emea", "orders": []}, api.ingest),
        api.post("/batches", '{"source": "sap-emea", "format": "csv", "x": {"y": [1, {"a": 1, "a": 2}]}}', api.ingest),
    ):
        for field in reply.fields:
            assert re.fullmatch(r"[\w-]*(\[\d+\]|\.[\w-]+)*", field), field
            assert not re.search(r"\.\d", field), field


def test_a_problem_leads_to_the_page_that_explains_it(api: ApiBench) -> None:
    for path, documentation in (("/orders/o-1", "../problems#not-found"), ("/orders?x=1", "./problems#validation")):
        assert api.get(path, api.read).json["documentation"] == documentation
    page = api.get("/problems")
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    for kind in problems.KINDS:
        assert f'id="{kind.slug}"' in page.text
        assert kind.type in page.text
