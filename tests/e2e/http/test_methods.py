"""Methods through the deployed API: API Gateway knows them all, and asks for a token where one is due."""

from __future__ import annotations

import pytest
import urllib3

from chalicelib.api.routes import METHODS, ROUTES, allowed_methods
from tests.support.e2e.deployed import Deployed

pytestmark = pytest.mark.e2e


def call(stack: Deployed, method: str, path: str, role: str = "", **options: object) -> urllib3.BaseHTTPResponse:
    token = {"Authorization": f"Bearer {stack.api.stack.tokens[role]}"} if role else {}
    url = f"{stack.api.stack.api_url}{path}"
    return urllib3.request(method, url, headers=token, retries=False, timeout=60, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/health", "/orders?limit=1", "/orders/o-0000000000000000000000zz", "/nothing"])
def test_head_is_get_without_the_body(stack: Deployed, path: str) -> None:
    get, head = (call(stack, method, path, "operate") for method in ("GET", "HEAD"))
    assert (head.status, head.headers["Content-Type"]) == (get.status, get.headers["Content-Type"])
    assert get.data
    assert not head.data


def test_head_without_a_token_is_401(stack: Deployed) -> None:
    assert call(stack, "HEAD", "/orders").status == 401


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_each_path_names_its_methods(stack: Deployed, path: str) -> None:
    allowed = ", ".join(allowed_methods(path))
    options = call(stack, "OPTIONS", path)
    assert (options.status, options.headers["Allow"], options.data) == (204, allowed, b"")
    for method in set(METHODS) - set(allowed_methods(path)):
        refused = call(stack, method, path)
        assert (refused.status, refused.headers["Allow"]) == (405, allowed)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert method == "HEAD" or refused.json()["type"].endswith("method-not-allowed")


def test_an_unknown_path_is_404(stack: Deployed) -> None:
    for method in ("GET", "PUT", "OPTIONS"):
        refused = call(stack, method, "/nothing")
        assert (refused.status, refused.headers["Content-Type"]) == (404, "application/problem+json")
