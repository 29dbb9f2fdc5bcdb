"""Operators' commands: cancel, redrive, and the triage of dead letters."""

from __future__ import annotations

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.events import OrderConfirmed, OrderValidated
from chalicelib.domain.order import order_id
from chalicelib.domain.state import Status
from tests.support.api import ApiBench
from tests.support.builders import content
from tests.support.operations import BUG, TIMEOUT

ORDER_ID = order_id("sap-emea", "SO-100045")
WHY = {"reason": "customer called", "by": "M. Ito"}


@pytest.fixture
def api() -> ApiBench:
    bench = ApiBench()
    bench.post("/orders", ORDER, bench.ingest)
    return bench


def parked(api: ApiBench, external_id: str = "SO-100045") -> str:
    """A failed order with its dead letter."""
    number = api.fakes.accept(content(external_id)) if external_id != "SO-100045" else ORDER_ID
    api.fakes.park(number, BUG)
    for message, _ in list(api.fakes.queue.sent):
        import json

        api.fakes.consumer(json.dumps(message))
    api.fakes.queue.sent.clear()
    return number


def test_cancelling_records_who_and_why(api: ApiBench) -> None:
    reply = api.post(f"/orders/{ORDER_ID}/cancel", WHY, api.operate)
    assert reply.status == 202
    assert reply.header("Location") == f"../../orders/{ORDER_ID}"
    event = api.fakes.events.load(ORDER_ID)[-1].event
    token_id = api.operate.split("_")[1]
    assert (event.by, event.reason) == (f"M. Ito (token {token_id})", "customer called")  # type: ignore[attr-defined]
    view = api.get(f"/orders/{ORDER_ID}", api.read).json
    assert view["why"]["text"].startswith("Somebody asked for the order to be cancelled. Asked for by M. Ito")
    assert view["why"]["reasons"] == [{"code": "cancelled", "message": "customer called", "field": ""}]
    assert "closed as CANCELLED" in view["next"]
    assert "cancel" not in view["links"]


def test_a_token_without_a_person_is_named_by_its_label(api: ApiBench) -> None:
    api.post(f"/orders/{ORDER_ID}/cancel", {"reason": "test"}, api.operate)
    event = api.fakes.events.load(ORDER_ID)[-1].event
    assert event.by.startswith("operate of the bench (token ")  # type: ignore[attr-defined]


def test_cancelling_twice_is_once(api: ApiBench) -> None:
    for _ in range(2):
        assert api.post(f"/orders/{ORDER_ID}/cancel", WHY, api.operate).status == 202
    assert api.fakes.types(ORDER_ID) == ["OrderReceived", "CancellationRequested"]


def test_too_late_is_409_with_the_reason(api: ApiBench) -> None:
    repository = api.fakes.repository()
    for event in (OrderValidated({}), OrderConfirmed("CN-1")):
        repository.append(repository.load(ORDER_ID), event)
    reply = api.post(f"/orders/{ORDER_ID}/cancel", WHY, api.operate)
    assert reply.status == 409
    assert reply.json["type"] == "urn:orderbridge:problem:not-possible"
    assert reply.json["detail"] == "The order is confirmed and on its way; arrange a return instead."
    redriven = api.post(f"/orders/{ORDER_ID}/redrive", WHY, api.operate)
    assert (redriven.status, "only a FAILED order" in redriven.json["detail"].replace("Only", "only")) == (409, True)


def test_commands_on_unknown_orders_are_404(api: ApiBench) -> None:
    for unknown in (order_id("x", "y"), "o-1"):
        for command in (f"/orders/{unknown}/cancel", f"/orders/{unknown}/redrive", f"/dead-letters/{unknown}/redrive"):
            assert api.post(command, WHY, api.operate).status == 404


def test_redriving_starts_the_next_attempt_and_closes_the_letter(api: ApiBench) -> None:
    parked(api)
    assert len(api.get("/dead-letters", api.read).json["groups"]) == 1
    assert api.post(f"/orders/{ORDER_ID}/redrive", WHY, api.operate).status == 202
    assert api.fakes.workflow.started[-1][2] == 2
    assert api.get("/dead-letters", api.read).json["groups"] == []


def test_a_letter_is_redriven_by_its_orders_id(api: ApiBench) -> None:
    parked(api)
    reply = api.post(f"/dead-letters/{ORDER_ID}/redrive", WHY, api.operate)
    assert (reply.status, reply.json["order_id"]) == (202, ORDER_ID)
    assert api.fakes.order(ORDER_ID).attempt == 2
    assert api.get("/dead-letters", api.read).json["groups"] == []


def test_a_discarded_letter_is_undone(api: ApiBench) -> None:
    parked(api)
    assert api.post(f"/dead-letters/{ORDER_ID}/discard", WHY, api.operate).status == 202
    order = api.fakes.order(ORDER_ID)
    assert order.cancellation is not None
    assert order.status is not Status.FAILED
    assert api.get("/dead-letters", api.read).json["groups"] == []


def test_letters_are_grouped_and_paged(api: ApiBench) -> None:
    numbers = sorted([parked(api), *(parked(api, f"SO-{n}") for n in range(4))])
    api.fakes.park(api.fakes.accept(content("SO-other")), TIMEOUT)
    (group,) = api.get("/dead-letters", api.read).json["groups"]
    assert (group["fingerprint"], group["count"], group["step"]) == (BUG.fingerprint, 5, "ValidateOrder")
    path, seen = f"/dead-letters/{BUG.fingerprint}?limit=2", list[str]()
    while path:
        page = api.get(path, api.read).json
        seen += [letter["order_id"] for letter in page["letters"]]
        path = page["links"].get("next", "")
    assert seen == numbers
    first = api.get(f"/dead-letters/{BUG.fingerprint}", api.read).json["letters"][0]
    assert first["redrive_at"] is None
    assert first["links"]["self"] == f"/orders/{first['order_id']}"


def test_a_group_is_redriven_as_a_job_whose_progress_is_visible(api: ApiBench) -> None:
    for number in range(3):
        parked(api, f"SO-{number}")
    reply = api.post(f"/dead-letters/{BUG.fingerprint}/redrive", {**WHY, "rate_per_s": 5}, api.operate)
    assert reply.status == 202
    job = reply.json
    assert (job["total"], job["done"], job["rate_per_s"], job["finished_at"]) == (3, 0, 5, None)
    api.fakes.group_jobs.work(job["job_id"])
    finished = api.get(job["links"]["self"], api.read).json
    assert (finished["done"], finished["refused"]) == (3, 0)
    assert finished["finished_at"]
    listed = api.get("/dead-letters", api.read).json
    assert (listed["groups"], [one["job_id"] for one in listed["jobs"]]) == ([], [job["job_id"]])


def test_unknown_groups_letters_and_jobs_are_404(api: ApiBench) -> None:
    assert api.post("/dead-letters/0123456789ab/redrive", WHY, api.operate).status == 404
    assert api.post("/dead-letters/whatever/discard", WHY, api.operate).status == 404
    assert api.get("/dead-letters/whatever", api.read).status == 404
    assert api.get("/dead-letters/jobs/no-such-job", api.read).status == 404
    assert api.get("/dead-letters/jobs/" + "x" * 3000, api.read).status == 404
    assert api.get("/dead-letters/0123456789ab", api.read).json["letters"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["reason"]),
        ({"reason": ""}, ["reason"]),
        ({"reason": "x" * 201}, ["reason"]),
        ({"reason": "line\nbreak"}, ["reason"]),
        ({"reason": 7, "by": "", "x": 1}, ["reason", "by", "x"]),
    ],
)
def test_wrong_commands_are_named(api: ApiBench, body: object, fields: list[str]) -> None:
    for path in (f"/orders/{ORDER_ID}/cancel", f"/dead-letters/{BUG.fingerprint}/discard"):
        reply = api.post(path, body, api.operate)
        assert (reply.status, sorted(reply.fields)) == (422, sorted(fields))
    assert api.fakes.types(ORDER_ID) == ["OrderReceived"]


def test_a_rate_has_bounds(api: ApiBench) -> None:
    for rate in (0, 51, 1.5, "20", True, 10**30):
        reply = api.post(f"/dead-letters/{BUG.fingerprint}/redrive", {**WHY, "rate_per_s": rate}, api.operate)
        assert (reply.status, reply.fields) == (422, ["rate_per_s"])


def test_the_bodies_of_commands_are_read_as_strictly_as_orders(api: ApiBench) -> None:
    path = f"/orders/{ORDER_ID}/cancel"
    assert api.post(path, "", api.operate).status == 400
    assert api.post(path, "[]", api.operate).status == 422
    assert api.post(path, " " * 20_000, api.operate).status == 413
    assert api.post(path, WHY, api.operate, Content_Type="text/plain").status == 415
