"""Compressed bodies and content types through the deployed API."""

from __future__ import annotations

import gzip
import json

import pytest
import urllib3

from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import order

pytestmark = pytest.mark.e2e


def post(stack: Deployed, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
    sent = {"Authorization": f"Bearer {stack.api.stack.tokens['ingest']}", "Content-Type": "application/json"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{stack.api.stack.api_url}/orders"
    return urllib3.request("POST", url, body=body, headers=sent, retries=False, timeout=60)


def test_a_compressed_order_is_confirmed(stack: Deployed) -> None:
    answer = post(stack, gzip.compress(json.dumps(order()).encode()), Content_Encoding="gzip")
    assert answer.status == 202, answer.data
    assert stack.outcome(answer.json()["order_id"])["status"] == "CONFIRMED"


def test_what_cannot_be_decompressed_is_refused(stack: Deployed) -> None:
    for body, coding, status in (
        (json.dumps(order()).encode(), "br", 415),
        (json.dumps(order()).encode(), "gzip", 415),
        (gzip.compress(b" " * 3_000_000), "gzip", 413),
        (gzip.compress(b" " * 300_000_000), "gzip", 413),
    ):
        answer = post(stack, body, Content_Encoding=coding)
        assert answer.status == status, answer.data
        if status == 415:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["Accept-Encoding"] == "gzip, deflate, identity"


def test_a_content_type_with_parameters_is_taken(stack: Deployed) -> None:
    answer = post(stack, json.dumps(order()).encode(), Content_Type='application/json; odata="verbose"; charset=utf8')
    assert answer.status == 202, answer.data
