"""Whatever is sent to the deployed API: a problem document, never a 5xx, and nothing is accepted by mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
import urllib3

from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import order

pytestmark = pytest.mark.e2e

JSON = "application/json"


def line(**changes: Any) -> dict[str, Any]:
    payload = order()
    return {**payload, "lines": [{**payload["lines"][0], **changes}]}


CASES: dict[str, tuple[bytes, str, int, str]] = {
    "negative quantity": (json.dumps(line(quantity=-1)).encode(), JSON, 422, "lines[0].quantity"),
    "NaN": (json.dumps(line(quantity=float("nan"))).encode(), JSON, 422, "lines[0].quantity"),
    "1e400": (json.dumps(order()).replace('"quantity": 3', '"quantity": 1e400').encode(), JSON, 422, "lines[0]"),
    "a number as money": (json.dumps(order(total=45.0)).encode(), JSON, 422, "total"),
    "7 MB": (json.dumps(order(note="x" * 7_000_000)).encode(), JSON, 413, ""),
    "12 MB": (b"x" * 12_000_000, JSON, 413, ""),
    "broken JSON": (b'{"source": "sap-emea",', JSON, 400, ""),
    "no JSON at all": (b"\xff\xfe\x00", JSON, 400, ""),
    "empty": (b"", JSON, 400, ""),
    "a list": (b"[]", JSON, 422, ""),
    "wrong content type": (b"source=sap-emea", "application/x-www-form-urlencoded", 415, ""),
    "unknown field": (json.dumps(order(colour="red")).encode(), JSON, 422, "colour"),
    "200 kB string": (json.dumps(order(customer_id="C" * 200_000)).encode(), JSON, 422, "customer_id"),
    "control characters": (json.dumps(order(customer_id="C\x00\x07")).encode(), JSON, 422, "customer_id"),
    "lone surrogate": (json.dumps(order()).replace("sap-emea", "\\ud800").encode(), JSON, 422, "source"),
    "deep nesting": (b"[" * 50_000, JSON, 400, ""),
    "501 lines": (json.dumps(order(lines=order()["lines"] * 501)).encode(), JSON, 422, "lines"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_problem_document(stack: Deployed, case: str) -> None:
    body, content_type, status, field = CASES[case]
    headers = {"Authorization": f"Bearer {stack.api.stack.tokens['ingest']}", "Content-Type": content_type}
    response = urllib3.request(
        "POST", f"{stack.api.stack.api_url}/orders", body=body, headers=headers, retries=False, timeout=60
    )
    assert response.status == status, response.data[:500]
    if case == "12 MB":
        return  # refused by API Gateway itself, which answers in its own words
    assert response.headers["Content-Type"] == "application/problem+json", response.data[:500]
    problem = json.loads(response.data)
    assert problem["status"] == status
    assert problem["correlation_id"]
    assert len(response.data) < 10_000
    if field:
        assert any(error["field"].startswith(field) for error in problem["errors"]), problem["errors"]


def test_wrong_sums_are_accepted_and_rejected_with_the_reason(stack: Deployed) -> None:
    order_id = stack.submit(order(total="1.00"))
    shown = stack.outcome(order_id)
    assert shown["status"] == "REJECTED"
    assert [reason["code"] for reason in shown["why"]["reasons"]] == ["total_mismatch"]


def test_all_wrong_fields_are_named_at_once(stack: Deployed) -> None:
    answer = stack.api.post("/orders", order(currency="XXX", customer_id="", lines=[], total="x"))
    assert answer.status == 422
    assert {"currency", "customer_id", "lines", "total"} <= {error["field"] for error in answer.body["errors"]}
