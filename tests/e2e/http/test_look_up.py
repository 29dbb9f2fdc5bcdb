"""Orders and batches are found through the deployed API by what a caller knows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import order
from tests.support.e2e.rehearsal import wait_until

pytestmark = pytest.mark.e2e


def found(stack: Deployed, query: str, role: str = "read") -> list[str]:
    answer = stack.api.get(f"/orders?{query}", role=role)
    assert answer.status == 200, answer.body
    return [row["order_id"] for row in answer.body["orders"]]


def test_an_order_is_found_by_its_number_at_once(stack: Deployed) -> None:
    payload = order()
    order_id = stack.submit(payload)
    assert found(stack, f"external_id={payload['external_id']}", role="ingest") == [order_id]
    assert found(stack, f"external_id={payload['external_id']}&source={payload['source']}") == [order_id]


def test_and_soon_by_number_customer_and_correlation_id_in_all_sources(stack: Deployed) -> None:
    payload = order()
    order_id = stack.submit(payload)
    wait_until(lambda: found(stack, f"external_id={payload['external_id']}") == [order_id], "it is in the read model")
    shown = stack.api.get(f"/orders/{order_id}").body
    assert found(stack, f"correlation_id={shown['correlation_id']}") == [order_id]
    assert order_id in found(stack, f"customer_id={payload['customer_id']}&limit=200")


def test_batches_are_listed(stack: Deployed) -> None:
    taken = stack.api.post("/batches", {"source": "sap-emea", "orders": [order()]}).body
    offered = stack.api.post("/batches", {"source": "sap-emea", "format": "jsonl"}).body

    def listed(query: str) -> list[Any]:
        answer = stack.api.get(f"/batches?{query}", role="read")
        assert answer.status == 200, answer.body
        return [one["links"]["self"] for one in answer.body["batches"]]

    assert taken["links"]["self"] in listed("source=sap-emea&limit=200")
    assert offered["links"]["self"] in listed("state=AWAITING_UPLOAD&limit=200")
    assert listed("source=nobody") == []
