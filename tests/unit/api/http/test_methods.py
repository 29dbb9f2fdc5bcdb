"""Methods as RFC 9110 has them: HEAD is GET without a body, OPTIONS and 405 name what a path can do."""

from __future__ import annotations

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.api.routes import METHODS, ROUTES, allowed_methods
from chalicelib.domain.order import order_id
from tests.support.api import ApiBench

ORDER_ID = order_id("sap-emea", "SO-100045")
PATHS = sorted({route.path for route in ROUTES})
READABLE = sorted(route.path for route in ROUTES if route.method == "GET")


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


@pytest.mark.parametrize("path", READABLE)
def test_head_is_get_without_the_body(api: ApiBench, path: str) -> None:
    """Also of what is not there: status and headers are the same."""
    api.post("/orders", ORDER, api.ingest)
    path = path.replace("{order_id}", ORDER_ID)
    get = api.get(path, api.operate, X_Correlation_ID="c-1")
    head = api.request("HEAD", path, token=api.operate, headers={"X-Correlation-ID": "c-1"})
    assert (head.status, head.headers, head.text) == (get.status, get.headers, "")
    assert get.text


def test_head_asks_for_the_same_token(api: ApiBench) -> None:
    assert api.request("HEAD", "/orders").status == 401
    refused = api.request("HEAD", "/dead-letters", token=api.ingest)
    assert (refused.status, refused.text) == (403, "")


def test_head_of_what_breaks_has_no_body(api: ApiBench) -> None:
    refused = api.request("HEAD", "/health", headers={"X-Correlation-ID": "not usable"})
    assert (refused.status, refused.text) == (400, "")


@pytest.mark.parametrize("path", PATHS)
def test_options_names_the_methods_without_a_token(api: ApiBench, path: str) -> None:
    reply = api.request("OPTIONS", path)
    assert (reply.status, reply.text) == (204, "")
    assert reply.header("Allow") == ", ".join(allowed_methods(path))
    assert reply.header("Content-Type") is None


@pytest.mark.parametrize("path", PATHS)
def test_any_other_method_is_405_and_names_them_too(api: ApiBench, path: str) -> None:
    for method in set(METHODS) - set(allowed_methods(path)):
        reply = api.request(method, path, {"a": 1}, headers={"Content-Type": "text/plain"})  # it is not even looked at
        assert (reply.status, reply.header("Allow")) == (405, ", ".join(allowed_methods(path)))
        assert reply.header("Content-Type") == "application/problem+json"
        assert method == "HEAD" or reply.json["type"].endswith("method-not-allowed")


def test_what_a_path_can_do() -> None:
    assert allowed_methods("/orders") == ["POST", "GET", "HEAD", "OPTIONS"]
    assert allowed_methods("/orders/{order_id}/cancel") == ["POST", "OPTIONS"]


def test_an_id_may_be_percent_encoded(api: ApiBench) -> None:
    """As API Gateway hands it on: the way the caller has written it."""
    api.post("/orders", ORDER, api.ingest)
    assert api.get(f"/orders/{ORDER_ID.replace('-', '%2D')}", api.read).json["order_id"] == ORDER_ID
    for wrong in ("%", "%FF", "%00", "o%2F..%2F"):
        assert api.get(f"/orders/{wrong}", api.read).status == 404
