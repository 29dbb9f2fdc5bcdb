"""Batches over the API: who may do what, and every way of asking wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.handlers.batch_requests import MAX_ORDERS_IN_BODY
from chalicelib.auth.tokens import Role
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from tests.support.api import ApiBench
from tests.support.bulk import jsonl, order


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def offered(api: ApiBench, **more: Any) -> Any:
    reply = api.post("/batches", {"source": "sap-emea", "format": "jsonl", **more}, api.ingest)
    assert reply.status == 202
    return reply.json


def test_orders_in_the_body_become_a_batch_at_once(api: ApiBench) -> None:
    reply = api.post("/batches", {"source": "sap-emea", "orders": [order(1), {"no": "order"}]}, api.ingest)
    assert (reply.status, reply.json["state"]) == (202, "RECEIVED")
    own = reply.json["links"]["self"]
    assert reply.header("Location") == f".{own}"
    api.bulk.run(api.bulk.batch(reply.json["batch_id"]))
    done = api.get(own, api.ingest).json
    assert done["state"] == "COMPLETED"
    assert done["counts"] == {
        "received": 2,
        "accepted": 1,
        "duplicate": 0,
        "invalid": 1,
        "confirmed": 1,
        "rejected": 0,
        "cancelled": 0,
        "failed": 0,
        "running": 0,
    }
    assert (done["lines"], done["waiting"]) == (2, 0)
    assert set(done["report"]) == {"made_at", "jsonl", "csv"}


def test_the_same_orders_again_are_the_same_batch(api: ApiBench) -> None:
    body = {"source": "sap-emea", "orders": [order(1)]}
    first = api.post("/batches", body, api.ingest)
    again = api.post("/batches", body, api.ingest)
    assert (again.status, again.header("Idempotent-Replayed")) == (200, "true")
    assert again.json["batch_id"] == first.json["batch_id"]
    assert len(api.bulk.engine.started) == 1


def test_without_orders_the_answer_says_where_to_send_the_file(api: ApiBench) -> None:
    api.bulk.mappings.texts["sap-emea", "returns"] = CANONICAL
    body = offered(api, format="csv", mapping="returns")
    assert (body["batch_id"], body["state"]) == ("", "AWAITING_UPLOAD")
    assert body["upload"]["fields"]["key"].startswith("uploads/sap-emea/u-")
    assert api.get(body["links"]["self"], api.ingest).json["state"] == "AWAITING_UPLOAD"


def test_the_id_of_an_upload_leads_to_its_batch(api: ApiBench) -> None:
    body = offered(api)
    key = body["upload"]["fields"]["key"]
    api.bulk.files.put(key, jsonl([order(1)]))
    api.bulk.start(key)
    found = api.get(body["links"]["self"], api.ingest).json
    assert found["batch_id"].startswith("b-")
    assert api.get(f"/batches/{found['batch_id']}", api.read).json == found


def test_a_file_that_was_refused_says_why(api: ApiBench) -> None:
    body = offered(api)
    key = body["upload"]["fields"]["key"]
    api.bulk.files.put(key, b"")
    api.bulk.start(key)
    found = api.get(body["links"]["self"], api.ingest).json
    assert (found["state"], found["problem"]) == ("REFUSED", "the file is empty")
    reply = api.post(f"{body['links']['self']}/cancel", {"reason": "no"}, api.operate)
    assert reply.status == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"source": "sap-emea"}, 422),
        ({"source": "sap-emea", "orders": [], "format": None}, 422),
        ({"source": "sap-emea", "orders": [{}], "format": "csv"}, 422),
        ({"source": "sap-emea", "orders": [{}] * (MAX_ORDERS_IN_BODY + 1)}, 422),
        ({"source": "sap-emea", "format": "xml"}, 422),
        ({"source": "sap-emea", "format": "jsonl", "mapping": "m"}, 422),
        ({"source": "sap-emea", "format": "csv", "mapping": "../m"}, 422),
        ({"source": "sap-emea", "format": "csv", "mapping": "unpublished"}, 422),
        ({"source": "sap-emea", "format": "csv", "expected": {}}, 422),
        ({"source": "sap-emea", "format": "csv", "expected": {"orders": -1}}, 422),
        ({"source": "sap-emea", "format": "csv", "expected": {"total_by_currency": {"EUR": "1,5"}}}, 422),
        ({"source": "sap-emea", "orders": [{}], "expected": {"bytes": 3}}, 422),
        ({"source": "sap-emea", "format": "csv", "encoding": "utf-8"}, 422),
        ({"source": "sap-emea", "format": "csv", "extra": 1}, 422),
        ({"source": "navision", "format": "csv"}, 403),
        ("[]", 422),
        ("{", 400),
    ],
)
def test_wrong_requests_are_refused(api: ApiBench, body: Any, status: int) -> None:
    assert api.post("/batches", body, api.ingest).status == status
    assert not api.bulk.engine.started


def test_each_role_may_do_its_own(api: ApiBench) -> None:
    asked = {"source": "sap-emea", "orders": [order(1)]}
    assert api.post("/batches", asked, api.read).status == 403
    path = api.post("/batches", asked, api.ingest).json["links"]["self"]
    other = api.token(Role.INGEST, "navision").token
    assert api.get(path, other).status == 404
    assert api.get(path, api.read).status == 200
    for command in ("cancel", "resume"):
        assert api.post(f"{path}/{command}", {"reason": "r"}, api.ingest).status == 403


@pytest.mark.parametrize("unknown", ["b-" + "0" * 24, "u-1", "x", "b-..%2F"])
def test_what_is_unknown_is_not_found(api: ApiBench, unknown: str) -> None:
    assert api.get(f"/batches/{unknown}", api.read).status == 404


def test_cancel_and_resume_are_offered_and_possible_at_the_same_time(api: ApiBench) -> None:
    path = api.post("/batches", {"source": "sap-emea", "orders": [order(1)]}, api.ingest).json["links"]["self"]
    running = api.get(path, api.operate).json
    assert set(running["links"]) == {"self", "cancel"}
    assert api.post(f"{path}/resume", {"reason": "again"}, api.operate).status == 409
    cancelled = api.post(f"{path}/cancel", {"reason": "the wrong file", "running_orders": "cancel"}, api.operate)
    assert cancelled.status == 202
    batch = api.bulk.batch(running["batch_id"])
    api.bulk.run(batch)
    done = api.get(path, api.operate).json
    assert (done["state"], set(done["links"])) == ("CANCELLED", {"self", "resume"})
    assert api.post(f"{path}/cancel", {"reason": "again"}, api.operate).status == 409
    resumed = api.post(f"{path}/resume", {"reason": "it was right after all"}, api.operate)
    assert (resumed.status, resumed.json["attempts"]) == (202, 2)
