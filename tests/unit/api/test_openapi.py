"""The OpenAPI document: valid, complete, fresh, served, with examples that hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.api.http import problems
from chalicelib.api.openapi import document
from chalicelib.api.openapi.examples import ORDER
from chalicelib.api.routes import ROUTES, allowed_methods
from chalicelib.orders.payload import parse_order
from tests.support.api import ApiBench, validator

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = document.document()


def contents() -> list[Any]:
    """Every media type object of the document, with a name."""
    operations = [
        (f"{method} {path}", operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    ]
    found = []
    for name, operation in operations:
        parts = {"body": operation.get("requestBody", {}), **operation["responses"]}
        for part, described in parts.items():
            found += [pytest.param(media, id=f"{name} {part}") for media in described.get("content", {}).values()]
    found += [
        pytest.param(media, id=name)
        for name, response in DOCUMENT["components"]["responses"].items()
        for media in response.get("content", {}).values()
    ]
    return found


def test_it_is_a_valid_openapi_3_1_document() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_file_is_fresh() -> None:
    assert document.is_fresh()


def test_a_stale_or_missing_file_is_noticed_and_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert not document.is_fresh(path)
    path.write_text("{}")
    assert not document.is_fresh(path)
    assert path.read_text() == "{}", "asking writes nothing"
    assert document.write(path)
    assert document.is_fresh(path)
    assert not document.write(path), "what is fresh stays as it is"


def test_every_route_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert described == {(method, route.path) for route in ROUTES for method in allowed_methods(route.path)}
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        assert ("security" in operation) == (not route.roles), "public routes say that they need no token"
        assert ("401" in operation["responses"]) != (not route.roles)


def test_the_apis_function_does_not_pay_for_the_document() -> None:
    code = "import sys, chalicelib.api.blueprint; print(*(name for name in sys.modules if 'api.openapi' in name))"
    imported = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert imported.stdout.strip() == ""


def test_every_kind_of_problem_is_in_the_document_and_in_the_guide() -> None:
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for kind in problems.KINDS:
        assert kind.slug in DOCUMENT["components"]["examples"]
        assert f"`{kind.slug}`" in guide, f"docs/api.md does not explain {kind.slug}"


def test_every_route_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for route in ROUTES:
        assert (
            route.path.replace("{order_id}", "{id}").replace("{job_id}", "{id}").replace("{batch_id}", "{id}") in guide
        ), route.path


def test_the_type_of_every_problem_is_stable() -> None:
    """Programs compare these: changing one breaks them."""
    assert sorted(kind.type.removeprefix("urn:orderbridge:problem:") for kind in problems.KINDS) == [
        "forbidden",
        "idempotency-key-reused",
        "internal",
        "malformed-request",
        "method-not-allowed",
        "not-found",
        "not-possible",
        "order-conflict",
        "precondition-failed",
        "request-in-flight",
        "too-large",
        "too-many-requests",
        "unauthorized",
        "unavailable",
        "unsupported-media-type",
        "validation",
        "wrong-source",
    ]


@pytest.mark.parametrize("media", contents())
def test_examples_hold(media: dict[str, Any]) -> None:
    check = validator(media["schema"], DOCUMENT)
    for name, example in media.get("examples", {}).items():
        value = DOCUMENT["components"]["examples"][name]["value"] if "$ref" in example else example["value"]
        check.validate(value)


def test_the_orders_of_the_examples_are_accepted() -> None:
    operation = DOCUMENT["paths"]["/orders"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    api = ApiBench()
    for example in examples.values():
        parse_order(example["value"])
        assert api.post("/orders", example["value"], api.ingest).status == 202


def test_what_the_schema_refuses_the_api_refuses() -> None:
    """The document must not be laxer or stricter in shape than the code."""
    check = validator({"$ref": "#/components/schemas/OrderIn"}, DOCUMENT)
    api = ApiBench()
    for field in ORDER:
        without = {name: value for name, value in ORDER.items() if name != field}
        assert not check.is_valid(without)
        assert api.post("/orders", without, api.ingest).status == 422
    assert check.is_valid(ORDER)
    assert not check.is_valid({**ORDER, "lines": [ORDER["lines"][0]] * 501})
    assert not check.is_valid({**ORDER, "total": 45})


def test_it_is_served_without_a_token_as_it_is_in_the_repository() -> None:
    api = ApiBench()
    reply = api.get("/openapi.json")
    assert reply.status == 200
    assert reply.json == DOCUMENT
    assert (reply.header("Cache-Control") or "").startswith("public")


def test_words_are_there_for_people() -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            assert len(operation["summary"]) > 5, f"{method} {path}"
            assert len(operation["description"]) > 10, f"{method} {path}"
            assert re.fullmatch(r"[a-z]+[A-Za-z]+", operation["operationId"])
    ids = [operation["operationId"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)
