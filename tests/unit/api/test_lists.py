"""Lists of orders: filters, pages, and every wrong parameter by its name."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from chalicelib.auth.tokens import Role
from chalicelib.domain.state import Status
from tests.support.api import ApiBench, Reply
from tests.support.builders import NOW, row


@pytest.fixture
def api() -> ApiBench:
    """25 orders, a minute apart, every fifth FAILED, one of another source."""
    bench = ApiBench()
    for number in range(25):
        status = Status.FAILED if number % 5 == 0 else Status.CONFIRMED
        at = NOW + timedelta(minutes=number)
        bench.fakes.projection.put(row(f"o-{number:02}", status=status, received_at=at, updated_at=at))
    bench.fakes.projection.put(row("o-other", source="navision", received_at=NOW + timedelta(hours=1)))
    return bench


def ids(reply: Reply) -> list[str]:
    return [order["order_id"] for order in reply.json["orders"]]


def test_the_newest_come_first(api: ApiBench) -> None:
    reply = api.get("/orders?source=sap-emea&limit=3", api.read)
    assert ids(reply) == ["o-24", "o-23", "o-22"]
    first = reply.json["orders"][0]
    assert first["total"] == {"amount": "45.00", "currency": "EUR"}
    assert first["received_at"] == "2026-11-23T10:39:00Z"
    assert first["links"]["self"] == "/orders/o-24"


def test_next_leads_through_all_pages_with_the_same_filters(api: ApiBench) -> None:
    path, seen, pages = "/orders?source=sap-emea&limit=10", list[str](), 0
    while path:
        reply = api.get(path, api.read)
        seen += ids(reply)
        pages += 1
        path = reply.json["links"].get("next", "")
        assert not path or "source=sap-emea" in path
    assert pages == 3
    assert seen == [f"o-{number:02}" for number in range(24, -1, -1)]


def test_filters(api: ApiBench) -> None:
    assert ids(api.get("/orders?status=FAILED", api.read)) == ["o-20", "o-15", "o-10", "o-05", "o-00"]
    assert ids(api.get("/orders?source=navision", api.read)) == ["o-other"]
    assert ids(api.get("/orders?from=2026-11-23T10:38:00Z&source=sap-emea", api.read)) == ["o-24", "o-23"]
    assert ids(api.get("/orders?from=2026-11-23&to=2026-11-23T10:16:00Z", api.read)) == ["o-00"]
    assert ids(api.get("/orders?from=2026-11-24", api.read)) == []


def test_an_offset_whose_plus_was_not_encoded_is_understood(api: ApiBench) -> None:
    later = "2026-11-23T11:39:00+01:00"
    assert ids(api.get(f"/orders?from={quote(later)}&source=sap-emea", api.read)) == ["o-24"]
    assert ids(api.get(f"/orders?from={later}&source=sap-emea", api.read)) == ["o-24"]


def test_an_ingest_token_sees_its_source_only(api: ApiBench) -> None:
    navision = api.token(Role.INGEST, "navision").token
    assert ids(api.get("/orders", navision)) == ["o-other"]
    assert ids(api.get("/orders?source=navision", navision)) == ["o-other"]
    assert api.get("/orders?source=sap-emea", navision).status == 403


def test_every_wrong_parameter_is_named_at_once(api: ApiBench) -> None:
    reply = api.get("/orders?status=DONE&source=SAP!&from=yesterday&to=2026-11-23T10:00&limit=0&state=x", api.read)
    assert reply.status == 422
    assert sorted(reply.fields) == ["from", "limit", "source", "state", "status", "to"]
    messages = {error["field"]: error["message"] for error in reply.json["errors"]}
    assert "RECEIVED" in messages["status"]
    assert "from, to, status" in messages["state"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1e2", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=10&limit=20", "limit"),
        ("status=", "status"),
        ("cursor=", "cursor"),
        ("cursor=nonsense", "cursor"),
        ("cursor=" + "A" * 3000, "cursor"),
        ("cursor=%00%ff", "cursor"),
        ("from=2026-11-24&to=2026-11-23", "to"),
        ("from=2026-11-23&to=2026-11-23", "to"),
        ("from=0001-01-01T00:00:00%2B23:59", "from"),
        ("to=9999-12-31T23:59:59-23:59", "to"),
        ("from=20261123", "from"),
    ],
)
def test_a_wrong_parameter_is_named(api: ApiBench, query: str, field: str) -> None:
    reply = api.get(f"/orders?{query}", api.read)
    assert (reply.status, reply.fields) == (422, [field])


def test_single_orders_take_no_parameters(api: ApiBench) -> None:
    reply = api.get("/orders/o-1?verbose=1", api.read)
    assert (reply.status, reply.fields) == (422, ["verbose"])
