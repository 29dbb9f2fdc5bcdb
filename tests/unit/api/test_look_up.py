"""What a caller knows is enough to find an order or a batch: its own number, the customer, the call, the time."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.auth.tokens import Role
from chalicelib.batches.model import BatchState
from chalicelib.domain.order import order_id
from tests.support.api import ApiBench, Reply
from tests.support.bulk import jsonl, order

NUMBER = "SO-100045"


@pytest.fixture
def api() -> ApiBench:
    """The same number in two sources, and another order."""
    bench = ApiBench()
    other = bench.token(Role.INGEST, "navision").token
    for changes, token, correlation_id in (
        ({}, bench.ingest, "c-1"),
        ({"source": "navision", "customer_id": "C-2"}, other, "c-1"),
        ({"external_id": "SO-7", "customer_id": "C-2"}, bench.ingest, "c-2"),
    ):
        reply = bench.post("/orders", {**ORDER, **changes}, token, X_Correlation_ID=correlation_id)
        assert reply.status == 202
    return bench


def project(api: ApiBench) -> None:
    for known in list(api.fakes.events.order_ids()):
        api.fakes.project(known)


def found(reply: Reply) -> set[tuple[str, str]]:
    assert reply.status == 200, reply.text
    return {(one["source"], one["external_id"]) for one in reply.json["orders"]}


def test_an_order_is_found_by_its_number_at_once(api: ApiBench) -> None:
    """With its source, which a token of one source need not name: before the read model has followed."""
    for path, token in (
        (f"/orders?external_id={NUMBER}", api.ingest),
        (f"/orders?external_id={NUMBER}&source=sap-emea", api.read),
    ):
        reply = api.get(path, token)
        assert found(reply) == {("sap-emea", NUMBER)}
        assert [one["order_id"] for one in reply.json["orders"]] == [order_id("sap-emea", NUMBER)]
        assert "next" not in reply.json["links"]
    assert found(api.get("/orders?external_id=SO-8&source=sap-emea", api.read)) == set()


def test_other_filters_count_too(api: ApiBench) -> None:
    own = f"/orders?external_id={NUMBER}&source=sap-emea"
    assert found(api.get(f"{own}&status=RECEIVED&customer_id=C-1001", api.read)) == {("sap-emea", NUMBER)}
    assert found(api.get(f"{own}&status=CONFIRMED", api.read)) == set()
    assert found(api.get(f"{own}&correlation_id=c-2", api.read)) == set()
    assert api.get(f"{own}&cursor=x", api.read).fields == ["cursor"]


def test_without_a_source_it_is_found_in_all(api: ApiBench) -> None:
    project(api)
    assert found(api.get(f"/orders?external_id={NUMBER}", api.operate)) == {("sap-emea", NUMBER), ("navision", NUMBER)}
    assert found(api.get("/orders?customer_id=C-2", api.read)) == {("navision", NUMBER), ("sap-emea", "SO-7")}
    assert found(api.get("/orders?correlation_id=c-2", api.read)) == {("sap-emea", "SO-7")}
    first = api.get("/orders?customer_id=C-2&limit=1", api.read).json
    assert "customer_id=C-2" in first["links"]["next"]
    assert len(found(api.get(first["links"]["next"], api.read))) == 1


def test_a_token_of_one_source_finds_its_own_only(api: ApiBench) -> None:
    project(api)
    assert found(api.get("/orders?customer_id=C-2", api.ingest)) == {("sap-emea", "SO-7")}
    assert found(api.get("/orders?correlation_id=c-1", api.ingest)) == {("sap-emea", NUMBER)}
    assert api.get(f"/orders?external_id={NUMBER}&source=navision", api.ingest).status == 403


def test_a_number_is_found_in_whatever_unicode_form_it_is_asked_for(api: ApiBench) -> None:
    api.post("/orders", {**ORDER, "external_id": "SO-U\u0308 1"}, api.ingest)
    for asked in ("SO-\u00dc 1", "SO-U\u0308 1"):
        assert found(api.get(f"/orders?external_id={quote(asked)}", api.ingest)) == {("sap-emea", "SO-\u00dc 1")}


@pytest.mark.parametrize(
    "query", ["external_id=", "external_id=%00", "customer_id=" + "x" * 129, "correlation_id=a%20b", "correlation_id="]
)
def test_what_cannot_be_one_is_named(api: ApiBench, query: str) -> None:
    assert api.get(f"/orders?{query}", api.read).fields == [query.partition("=")[0]]


class TestBatches:
    @pytest.fixture
    def api(self) -> ApiBench:
        """A batch a minute: two that run, one that is complete, one of another source; a refused and an open upload."""
        bench = ApiBench()
        for number in range(3):
            batch = bench.bulk.started(jsonl([order(number)]))
            bench.fakes.clock.advance(60)
        bench.bulk.run(batch)
        bench.bulk.upload(b"\x00\x01", "jsonl")
        bench.fakes.clock.advance(60)
        self.other = bench.token(Role.INGEST, "navision").token
        assert bench.post("/batches", {"source": "navision", "format": "csv"}, self.other).status == 202
        return bench

    def states(self, api: ApiBench, query: str = "", token: str = "") -> list[str]:
        reply = api.get(f"/batches{query}", token or api.read)
        assert reply.status == 200, reply.text
        return [one["state"] for one in reply.json["batches"]]

    def test_they_are_listed_newest_first(self, api: ApiBench) -> None:
        assert self.states(api) == ["AWAITING_UPLOAD", "REFUSED", "COMPLETED", "RECEIVED", "RECEIVED"]

    def test_each_leads_to_itself(self, api: ApiBench) -> None:
        for one in api.get("/batches", api.read).json["batches"]:
            shown = api.get(one["links"]["self"], api.read)
            assert (shown.status, shown.json["state"], shown.json["batch_id"]) == (200, one["state"], one["batch_id"])

    def test_filters(self, api: ApiBench) -> None:
        assert self.states(api, "?state=RECEIVED") == ["RECEIVED"] * 2
        assert self.states(api, "?source=navision") == ["AWAITING_UPLOAD"]
        assert self.states(api, "?source=sap-emea&state=REFUSED") == ["REFUSED"]
        assert self.states(api, "?to=2026-11-23T10:16:00Z") == ["RECEIVED"]
        assert self.states(api, "?from=2026-11-23T10:18:00Z") == ["AWAITING_UPLOAD", "REFUSED"]

    def test_a_token_of_one_source_sees_its_own(self, api: ApiBench) -> None:
        assert self.states(api, token=self.other) == ["AWAITING_UPLOAD"]
        assert len(self.states(api, token=api.ingest)) == 4
        assert api.get("/batches?source=navision", api.ingest).status == 403

    @pytest.mark.parametrize("limit", [1, 2, 4, 5])
    def test_next_leads_through_all_pages(self, api: ApiBench, limit: int) -> None:
        path, seen = f"/batches?limit={limit}", list[Any]()
        while path:
            page = api.get(path, api.read).json
            assert len(page["batches"]) <= limit
            seen += [one["links"]["self"] for one in page["batches"]]
            path = page["links"].get("next", "")
        assert len(seen) == len(set(seen)) == 5

    def test_wrong_parameters_are_named(self, api: ApiBench) -> None:
        reply = api.get("/batches?state=DONE&status=x&limit=0&source=SAP!", api.read)
        assert (reply.status, sorted(reply.fields)) == (422, ["limit", "source", "state", "status"])
        assert all(state in reply.text for state in BatchState)
        assert api.get("/batches?cursor=x", api.read).fields == ["cursor"]
