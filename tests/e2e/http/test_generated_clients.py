"""Clients that generators make of the OpenAPI document: they post, repeat, conflict, wait and read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.e2e.deployed import OUTCOME_TIMEOUT_S, Deployed
from tests.support.e2e.rehearsal import confirmed_order
from tests.support.generated_clients.python import generated_client
from tests.support.generated_clients.typescript import run_typescript_client

pytestmark = pytest.mark.e2e


def test_a_python_client(stack: Deployed, tmp_path: Path) -> None:
    api = stack.api.stack
    order = confirmed_order()
    with generated_client(tmp_path) as module:
        models, post, show = module("models"), module("api.orders.post_orders"), module("api.orders.get_orders_one")
        made = models.OrderIn.from_dict(order)
        assert made.to_dict()["total"] == order["total"]
        with module("").AuthenticatedClient(api.api_url, token=api.tokens["ingest"], timeout=60) as client:
            first = post.sync_detailed(client=client, body=made, idempotency_key="first")
            assert (first.status_code, first.parsed.status) == (202, models.Status.RECEIVED)
            assert post.sync_detailed(client=client, body=made, idempotency_key="first").status_code == 202
            again = post.sync_detailed(client=client, body=made)
            assert (again.status_code, again.parsed.order_id) == (200, first.parsed.order_id)
            assert again.headers["Idempotent-Replayed"] == "true"

            conflict = post.sync(client=client, body=models.OrderIn.from_dict({**order, "total": "1.00"}))
            assert conflict.type_ == "urn:orderbridge:problem:order-conflict"
            assert [difference.field for difference in conflict.differences] == ["total"]
            wrong = post.sync(client=client, body=models.OrderIn.from_dict({**order, "total": "x"}))
            assert [error.field for error in wrong.errors] == ["total"]

            assert waited_for(show, client, first.parsed.order_id).status == models.Status.CONFIRMED
            page = module("api.orders.get_orders").sync(client=client, external_id=order["external_id"])
            assert [row.order_id for row in page.orders] == [first.parsed.order_id]
            assert page.next_cursor is None


def waited_for(show: Any, client: Any, order_id: str) -> Any:
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while True:
        shown = show.sync(order_id, client=client, wait=20)
        if shown.status.value in ("CONFIRMED", "REJECTED", "CANCELLED", "FAILED"):
            return shown
        assert time.monotonic() < deadline, shown


@pytest.mark.slow
def test_a_typescript_client(stack: Deployed, tmp_path: Path) -> None:
    """Needs Node and npm."""
    api, order = stack.api.stack, confirmed_order()
    assert run_typescript_client(tmp_path, api.api_url, api.tokens["ingest"], order) == {
        "first": 202,
        "again": 200,
        "replayed": "true",
        "same": True,
        "conflict": 409,
        "conflict_type": "urn:orderbridge:problem:order-conflict",
        "differences": ["total"],
        "wrong": ["total"],
        "status": "CONFIRMED",
        "found": [True],
        "next_cursor": None,
    }
