"""Handing over orders and asking where they stand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urljoin

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.auth.tokens import Role
from chalicelib.domain.errors import CircuitOpen, DependencyTimeout, DependencyUnavailable, EventTooLarge, Reason
from chalicelib.domain.events import (
    InventoryReleased,
    InventoryReserved,
    OrderConfirmed,
    OrderRejected,
    OrderValidated,
    PaymentCaptured,
    PaymentRefunded,
    RejectionDecided,
)
from chalicelib.domain.money import Money
from chalicelib.domain.order import order_id
from chalicelib.ports import Append
from tests.support.api import ApiBench

ORDER_ID = order_id("sap-emea", "SO-100045")


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def order_of(count: int) -> dict[str, Any]:
    """An order of `count` lines whose total is right."""
    lines = [
        {"line": n, "sku": f"SKU-{n:04}", "quantity": 2, "unit_price": "1.25", "tax_rate": "0.20"}
        for n in range(1, count + 1)
    ]
    return {**ORDER, "lines": lines, "total": str(3 * count)}


def happen(api: ApiBench, *events: Any) -> None:
    """Let the workflow do its work on the order."""
    repository = api.fakes.repository("Workflow")
    for event in events:
        repository.append(repository.load(ORDER_ID), event)


def test_an_order_is_accepted_started_and_found(api: ApiBench) -> None:
    reply = api.post("/orders", ORDER, api.ingest, X_Correlation_ID="erp-42.7")
    assert reply.status == 202
    assert reply.json == {
        "order_id": ORDER_ID,
        "revision": 1,
        "status": "RECEIVED",
        "correlation_id": "erp-42.7",
        "links": {"self": f"/orders/{ORDER_ID}", "events": f"/orders/{ORDER_ID}/events"},
    }
    assert reply.header("Location") == f"./orders/{ORDER_ID}"
    assert reply.header("X-Correlation-ID") == "erp-42.7"
    assert api.fakes.workflow.started == [(ORDER_ID, "erp-42.7", 1)]
    assert api.fakes.events.load(ORDER_ID)[0].correlation_id == "erp-42.7"


def test_a_repeat_gets_the_first_answer(api: ApiBench) -> None:
    first = api.post("/orders", ORDER, api.ingest, X_Correlation_ID="first")
    repeated = api.post("/orders", {**ORDER, "total": "45"}, api.ingest, X_Correlation_ID="second")
    assert repeated.status == 200
    assert repeated.header("Idempotent-Replayed") == "true"
    assert repeated.json == first.json
    assert repeated.header("X-Correlation-ID") == "second", "the header is the call's, the body the order's"
    assert len(api.fakes.events.load(ORDER_ID)) == 1


def test_the_same_number_with_another_content_names_the_differences(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    changed = {**ORDER, "total": "54.00", "ship_to": {**ORDER["ship_to"], "name": "Somebody Else"}}
    reply = api.post("/orders", changed, api.ingest)
    assert reply.status == 409
    assert reply.json["type"] == "urn:orderbridge:problem:order-conflict"
    assert reply.json["order_id"] == ORDER_ID
    assert {"field": "total", "accepted": "45.00", "sent": "54.00"} in reply.json["differences"]
    assert {"field": "ship_to.name", "accepted": "", "sent": ""} in reply.json["differences"]
    assert "Somebody Else" not in reply.text
    assert len(api.fakes.events.load(ORDER_ID)) == 1


def test_50_identical_posts_at_once_are_one_order(api: ApiBench) -> None:
    """Each on its own instance of the function, as Lambda would run them."""
    instances = [api.make_app() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        replies = list(
            pool.map(lambda app: api.request("POST", "/orders", ORDER, token=api.ingest, app=app), instances)
        )
    assert {reply.json["order_id"] for reply in replies} == {ORDER_ID}
    assert sorted(reply.status for reply in replies) == [200] * 49 + [202]
    assert len({reply.json["correlation_id"] for reply in replies}) == 1
    assert len(api.fakes.events.load(ORDER_ID)) == 1
    assert [(one, attempt) for one, _, attempt in api.fakes.workflow.started] == [(ORDER_ID, 1)]


def test_500_lines_are_an_order_and_501_are_not(api: ApiBench) -> None:
    assert api.post("/orders", order_of(500), api.ingest).status == 202
    reply = api.post("/orders", {**order_of(501), "external_id": "SO-2"}, api.ingest)
    assert (reply.status, reply.fields) == (422, ["lines"])


def test_an_order_for_another_source_is_refused(api: ApiBench) -> None:
    reply = api.post("/orders", {**ORDER, "source": "navision"}, api.ingest)
    assert (reply.status, reply.fields) == (403, ["source"])
    assert reply.json["type"] == "urn:orderbridge:problem:wrong-source"
    assert list(api.fakes.events.order_ids()) == []


class Failing:
    """An event store that fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def append(self, append: Append) -> Any:
        raise self._error

    def load(self, order_id: str) -> Any:
        raise self._error

    def order_ids(self) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (DependencyUnavailable("DynamoDB", "throttled"), "5"),
        (DependencyTimeout("DynamoDB", "ReadTimeoutError"), "5"),
        (CircuitOpen("payment"), "30"),
    ],
)
def test_what_passes_is_503_and_safe_to_repeat(error: Exception, wait: str) -> None:
    api = ApiBench(events=Failing(error))
    for reply in (api.post("/orders", ORDER, api.ingest), api.get(f"/orders/{ORDER_ID}", api.read)):
        assert reply.status == 503
        assert reply.header("Retry-After") == wait
        assert "repeat" in reply.json["detail"]
        assert "DynamoDB" not in reply.text
    api.events = None
    assert api.post("/orders", ORDER, api.ingest).status == 202


def test_an_order_beyond_the_store_is_413() -> None:
    api = ApiBench(events=Failing(EventTooLarge(412_345, 400_000)))
    reply = api.post("/orders", ORDER, api.ingest)
    assert reply.status == 413
    assert "412,345" in reply.json["detail"]


def test_a_received_order_says_what_comes_next(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest, X_Correlation_ID="c-1")
    view = api.get(f"/orders/{ORDER_ID}", api.read).json
    assert view["status"] == "RECEIVED"
    assert view["total"] == {"amount": "45.00", "currency": "EUR"}
    assert (view["line_count"], view["attempts"], view["version"]) == (1, 1, 1)
    assert (view["source"], view["external_id"], view["customer_id"]) == ("sap-emea", "SO-100045", "C-1001")
    assert view["received_at"] == "2026-11-23T10:15:00Z"
    assert view["correlation_id"] == "c-1"
    assert "accepted" in view["why"]["text"]
    assert "validated next" in view["next"]
    assert view["links"]["cancel"] == f"/orders/{ORDER_ID}/cancel"
    assert "redrive" not in view["links"]


def test_a_rejected_order_gives_every_reason_and_what_was_undone(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    reason = Reason("card_declined", "the card was declined by its bank", "payment.token")
    total = Money(4500, "EUR")
    happen(
        api,
        OrderValidated({}),
        InventoryReserved({"WIDGET-1": 3}),
        PaymentCaptured("p-1", total, "sandbox"),
        RejectionDecided("ConfirmOrder", "ConfirmationRefused", (reason,)),
    )
    undoing = api.get(f"/orders/{ORDER_ID}", api.ingest).json
    assert undoing["status"] == "PAID"
    assert undoing["next"].startswith("The payment is refunded, the stock is released, then it is closed as REJECTED")
    assert "cancel" not in undoing["links"]
    happen(api, PaymentRefunded("r-1", total), InventoryReleased({"WIDGET-1": 3}), OrderRejected((reason,)))
    view = api.get(f"/orders/{ORDER_ID}", api.ingest).json
    assert view["status"] == "REJECTED"
    assert view["why"]["reasons"] == [
        {"code": "card_declined", "message": "the card was declined by its bank", "field": "payment.token"}
    ]
    assert view["why"]["text"] == (
        "The order was rejected. The card was declined by its bank. "
        "The payment of 45.00 EUR was refunded. The stock was released."
    )
    assert "send it again under the same external_id" in view["next"]


def test_a_confirmed_order_is_final(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    happen(api, OrderValidated({}), OrderConfirmed("CN-1"))
    view = api.get(f"/orders/{ORDER_ID}", api.read).json
    assert (view["status"], view["confirmation_number"]) == ("CONFIRMED", "CN-1")
    assert set(view["links"]) == {"self", "events"}


def test_a_failed_order_names_the_step_and_who_can_act(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    api.fakes.park(ORDER_ID)
    view = api.get(f"/orders/{ORDER_ID}", api.read).json
    assert view["status"] == "FAILED"
    assert "capturing the payment" in view["why"]["text"]
    assert "redrive" in view["next"]
    assert view["links"]["redrive"] == f"/orders/{ORDER_ID}/redrive"


def test_an_unknown_order_and_an_impossible_id_are_404(api: ApiBench) -> None:
    for unknown in (order_id("sap-emea", "never sent"), "o-1", "x" * 3000, "%2e%2e", "o-" + "é" * 24):
        for suffix in ("", "/events"):
            reply = api.get(f"/orders/{unknown}{suffix}", api.read)
            assert reply.status == 404
            assert reply.json["type"] == "urn:orderbridge:problem:not-found"


def test_an_id_that_cannot_be_ours_is_not_looked_for() -> None:
    """DynamoDB refuses keys beyond its limits with an error that would be a 5xx."""
    api = ApiBench(events=Failing(AssertionError("the store was asked")))
    for impossible in ("x" * 3000, "o-1", "o-" + "A" * 24):
        assert api.get(f"/orders/{impossible}", api.read).status == 404
        assert api.get(f"/orders/{impossible}/events", api.read).status == 404


def test_an_ingest_token_does_not_see_other_sources(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    other = api.token(Role.INGEST, "navision").token
    assert api.get(f"/orders/{ORDER_ID}", api.ingest).status == 200
    for suffix in ("", "/events"):
        hidden = api.get(f"/orders/{ORDER_ID}{suffix}", other)
        unknown = api.get(f"/orders/{order_id('x', 'y')}{suffix}", other)
        assert hidden.status == unknown.status == 404
        assert hidden.json["detail"] == unknown.json["detail"], "the answers do not tell which exists"


def test_events_show_everything_but_secrets_and_addresses(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    api.fakes.clock.advance(1.5)
    happen(api, OrderValidated({"products": "v7"}), PaymentCaptured("p-1", Money(4500, "EUR"), "sandbox"))
    for token in (api.ingest, api.read):
        reply = api.get(f"/orders/{ORDER_ID}/events", token)
        received, validated, captured = reply.json["events"]
        assert (received["sequence"], received["type"], received["step"]) == (1, "OrderReceived", "Intake")
        assert received["data"]["content"]["total"] == "45.00"
        assert received["data"]["content"]["lines"][0]["unit_price"] == "12.50"
        assert received["data"]["content"]["payment"] == {"method": "card", "token": "***"}
        assert set(received["data"]["content"]["ship_to"].values()) == {"***", "DE"}
        assert validated["data"] == {"reference_versions": {"products": "v7"}}
        assert validated["recorded_at"] == "2026-11-23T10:15:01.500000Z"
        assert captured["data"]["amount"] == {"amount": "45.00", "currency": "EUR"}
        assert not any(secret in reply.text for secret in ("pm_card_visa", "Nordlicht", "Hafenstr", "20457"))
    shown = api.get(f"/orders/{ORDER_ID}/events", api.operate)
    assert shown.json["events"][0]["data"]["content"]["ship_to"] == ORDER["ship_to"]
    assert "pm_card_visa" not in shown.text


@pytest.mark.parametrize("base", ["", "/api", "/erp/v1", "/restapis/abc/api/_user_request_"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_location_resolves_wherever_the_api_is(api: ApiBench, base: str, slash: str) -> None:
    """Behind a stage, a base path mapping or nothing, as clients resolve it (RFC 3986)."""
    address = f"https://api.example{base}"
    for path, body, token in [
        ("/orders", ORDER, api.ingest),
        (f"/orders/{ORDER_ID}/cancel", {"reason": "test"}, api.operate),
    ]:
        event = api.authorized_event("POST", path, token, body)
        event["requestContext"]["path"] = base + path + slash
        location = api.app(event, None)["headers"]["Location"]
        assert urljoin(address + path + slash, location) == f"{address}/orders/{ORDER_ID}"
