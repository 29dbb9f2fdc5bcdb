"""Orders that come again over REST, and the dry run that tells beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.events import Event, OrderCancelled, OrderConfirmed, OrderRejected
from chalicelib.domain.order import order_id
from tests.support.api import ApiBench
from tests.support.domain.histories import CANCELLATION, FAILURE, REJECTION

ORDER_ID = order_id("sap-emea", "SO-100045")
REJECTED = (REJECTION, OrderRejected(REJECTION.reasons))
CANCELLED = (CANCELLATION, OrderCancelled("anna", "wrong size"))
CHANGED = {**ORDER, "ship_to": {**ORDER["ship_to"], "name": "Somebody Else", "city": "Kiel"}}


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def happen(api: ApiBench, *events: Event) -> None:
    repository = api.fakes.repository("Workflow")
    for event in events:
        api.fakes.clock.advance(1)
        repository.append(repository.load(ORDER_ID), event)


@pytest.mark.parametrize("closed", [REJECTED, CANCELLED], ids=["rejected", "cancelled"])
@pytest.mark.parametrize("sent", [ORDER, CHANGED], ids=["the same content", "another content"])
def test_a_closed_order_that_is_sent_again_is_a_new_revision(
    api: ApiBench, closed: tuple[Event, ...], sent: dict[str, Any]
) -> None:
    first = api.post("/orders", ORDER, api.ingest, X_Correlation_ID="same").json
    happen(api, *closed)
    reply = api.post("/orders", sent, api.ingest, X_Correlation_ID="same")
    assert (reply.status, reply.json) == (202, {**first, "revision": 2})
    repeated = api.post("/orders", sent, api.ingest)
    assert (repeated.status, repeated.header("Idempotent-Replayed"), repeated.json["revision"]) == (200, "true", 2)
    view = api.get(f"/orders/{ORDER_ID}", api.ingest).json
    assert (view["revision"], view["status"], view["attempts"], view["version"]) == (2, "RECEIVED", 2, 4)
    assert view["received_at"] < view["revised_at"] == view["updated_at"]
    assert view["why"] == {"text": "The order is on its way. It was accepted. This is revision 2 of it.", "reasons": []}


def test_the_first_revision_was_not_revised(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    view = api.get(f"/orders/{ORDER_ID}", api.ingest).json
    assert (view["revision"], view["revised_at"]) == (1, None)


def test_the_history_shows_every_revision_and_hides_the_same_of_each(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    happen(api, *REJECTED)
    api.post("/orders", CHANGED, api.ingest)
    shown = {token: api.get(f"/orders/{ORDER_ID}/events", token).json["events"] for token in (api.ingest, api.operate)}
    types = ["OrderReceived", "RejectionDecided", "OrderRejected", "OrderRevised"]
    assert [event["type"] for event in shown[api.ingest]] == types
    first, last = shown[api.ingest][0]["data"], shown[api.ingest][-1]["data"]
    assert (last["revision"], last["content"]["external_id"]) == (2, "SO-100045")
    for data in (first, last):
        assert data["content"]["payment"]["token"] == "***"
        assert {data["content"]["ship_to"][name] for name in ("name", "city")} == {"***"}
    operated = shown[api.operate][-1]["data"]["content"]
    assert (operated["ship_to"]["name"], operated["payment"]["token"]) == ("Somebody Else", "***")


CONFLICTS = {
    "CONFIRMED": ((OrderConfirmed("OB-1"),), "it is CONFIRMED and on its way"),
    "FAILED": ((FAILURE,), "waits for an operator; send it again when it is REJECTED or CANCELLED"),
    "RECEIVED": (REJECTED[:1], "it is being undone; send it again when it is REJECTED"),
}


@pytest.mark.parametrize("status", CONFLICTS)
def test_a_conflict_says_where_the_order_stands_and_what_to_do(api: ApiBench, status: str) -> None:
    events, advice = CONFLICTS[status]
    api.post("/orders", ORDER, api.ingest)
    happen(api, *events)
    reply = api.post("/orders", {**ORDER, "total": "54.00"}, api.ingest)
    assert reply.status == 409
    assert advice in reply.json["detail"]
    assert reply.json["detail"].endswith("This one differs in: total.")
    assert (reply.json["order_id"], reply.json["revision"], reply.json["order_status"]) == (ORDER_ID, 1, status)
    assert api.post("/orders", ORDER, api.ingest).status == 200


def test_a_list_shows_the_revision(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    happen(api, *REJECTED)
    api.post("/orders", ORDER, api.ingest)
    api.fakes.project(ORDER_ID)
    (row,) = api.get("/orders", api.read).json["orders"]
    assert (row["revision"], row["status"], row["reasons"]) == (2, "RECEIVED", [])


# dry runs


def dry_run(api: ApiBench, body: Any) -> Any:
    before = {known: len(api.fakes.events.load(known)) for known in api.fakes.events.order_ids()}
    started = len(api.fakes.workflow.started)
    reply = api.post("/orders?dry_run=true", body, api.ingest)
    assert {known: len(api.fakes.events.load(known)) for known in api.fakes.events.order_ids()} == before
    assert len(api.fakes.workflow.started) == started
    return reply


def test_a_dry_run_tells_that_an_order_is_right(api: ApiBench) -> None:
    api.inventory.set_available("WIDGET-1", 120)
    reply = dry_run(api, ORDER)
    assert reply.status == 200
    assert reply.json == {
        "order_id": ORDER_ID,
        "would": "accept",
        "revision": 1,
        "valid": True,
        "reasons": [],
        "total": {
            "sent": {"amount": "45.00", "currency": "EUR"},
            "possible": [{"amount": "45.00", "currency": "EUR"}],
        },
        "stock": [{"sku": "WIDGET-1", "ordered": 3, "available": 120}],
        "reference_versions": {"customers": "memory", "holds": "memory", "products": "memory"},
    }
    assert api.get(f"/orders/{ORDER_ID}", api.read).status == 404


def test_a_dry_run_names_everything_that_is_wrong(api: ApiBench) -> None:
    reply = dry_run(api, {**ORDER, "customer_id": "C-9", "total": "54.00"})
    assert (reply.status, reply.json["valid"]) == (200, False)
    codes = [reason["code"] for reason in reply.json["reasons"]]
    assert codes == ["unknown_customer", "total_mismatch", "insufficient_stock"]
    assert reply.json["stock"] == [{"sku": "WIDGET-1", "ordered": 3, "available": None}]


def test_a_dry_run_foresees_repeats_revisions_and_conflicts(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    assert dry_run(api, ORDER).json["would"] == "repeat"
    conflict = dry_run(api, CHANGED).json
    assert (conflict["would"], conflict["differences"]) == (
        "conflict",
        [{"field": "ship_to.name", "accepted": "", "sent": ""}, {"field": "ship_to.city", "accepted": "", "sent": ""}],
    )
    assert "send it again if it is REJECTED" in conflict["advice"]
    happen(api, *REJECTED)
    revised = dry_run(api, CHANGED).json
    assert (revised["would"], revised["revision"]) == ("revise", 2)


@pytest.mark.parametrize(
    ("body", "status"), [("{", 400), ({**ORDER, "lines": []}, 422), ({**ORDER, "source": "navision"}, 403)]
)
def test_a_dry_run_refuses_a_wrong_form_as_usual(api: ApiBench, body: Any, status: int) -> None:
    assert dry_run(api, body).status == status


def test_only_true_is_a_dry_run(api: ApiBench) -> None:
    assert api.post("/orders?dry_run=false", ORDER, api.ingest).status == 202
    for wrong in ("dry_run=1", "dry_run=TRUE", "dry_run=", "dry_run=true&dry_run=true", "dryrun=true"):
        reply = api.post(f"/orders?{wrong}", {**ORDER, "external_id": "SO-2"}, api.ingest)
        assert (reply.status, reply.fields) == (422, [wrong.partition("=")[0]])
    assert list(api.fakes.events.order_ids()) == [ORDER_ID], "a dry run that was meant must not be taken for an order"
