"""Orders through the deployed system: accepted once, carried to the right end, undone when they must be."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.client.api import Answer
from local.sample.catalogue import stock
from local.sample.tour import tour
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.orders import for_sku, order, paid_with
from tests.support.e2e.rehearsal import wait_until

pytestmark = pytest.mark.e2e

STATE_BYTES_LIMIT = 2048


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """All calls, released at the same moment."""
    gate = threading.Barrier(len(calls))

    def wait_and_call(call: Callable[[], Any]) -> Any:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_call, calls))


def events(stack: Deployed, order_id: str) -> list[str]:
    return [event["type"] for event in stack.api.get(f"/orders/{order_id}/events").body["events"]]


def executions(stack: Deployed, order_id: str) -> list[str]:
    """Names of all executions of the order."""
    pages = stack.aws.client("stepfunctions").get_paginator("list_executions")
    machine = stack.settings.state_machine_arn
    names = [e["name"] for page in pages.paginate(stateMachineArn=machine) for e in page["executions"]]
    return [name for name in names if name.startswith(order_id)]


def charges(stack: Deployed, order_id: str) -> list[dict[str, Any]]:
    """What the sandbox's ledger holds for the order."""
    answer = stack.aws.client("dynamodb").query(
        TableName=stack.settings.name("payments"),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"ORDER#{order_id}"}},
    )
    return list(answer["Items"])


def test_fifty_identical_posts_are_one_order(stack: Deployed) -> None:
    payload = order()
    answers: list[Answer] = at_once([lambda: stack.api.post("/orders", payload)] * 50)
    assert {answer.status for answer in answers} <= {200, 202}
    assert len({answer.body["order_id"] for answer in answers}) == 1
    assert len({answer.body["correlation_id"] for answer in answers}) == 1
    assert sum(answer.status == 202 for answer in answers) == 1
    order_id = answers[0].body["order_id"]
    assert stack.outcome(order_id)["status"] == "CONFIRMED"
    assert executions(stack, order_id) == [f"{order_id}-1"]
    assert Counter(events(stack, order_id))["PaymentCaptured"] == 1
    assert len(charges(stack, order_id)) == 1


def test_another_content_under_the_same_number_names_the_difference(stack: Deployed) -> None:
    payload = for_sku("WIDGET-1", 3)
    stack.submit(payload)
    other = {**for_sku("WIDGET-1", 4), "external_id": payload["external_id"]}
    answer = stack.api.post("/orders", other)
    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    fields = {difference["field"] for difference in answer.body["differences"]}
    assert {"lines[0].quantity"} <= fields


@pytest.mark.parametrize(("orders", "pieces"), [(50, 30), pytest.param(100, 60, marks=pytest.mark.slow)])
def test_more_orders_than_pieces(stack: Deployed, orders: int, pieces: int) -> None:
    sku = "SCREWDR-SET-6"
    inventory = stack.app.inventory
    price = str(stack.app.reference.product(sku).prices["EUR"])  # type: ignore[union-attr]
    reserved_before = inventory.reserved(sku)
    inventory.set_available(sku, pieces)
    try:
        payloads = [for_sku(sku, 1, price) for _ in range(orders)]
        with ThreadPoolExecutor(16) as pool:
            ids = list(pool.map(stack.submit, payloads))
        outcomes = Counter(stack.outcome(order_id)["status"] for order_id in ids)
        assert outcomes == {"CONFIRMED": pieces, "REJECTED": orders - pieces}
        assert inventory.available(sku) == 0
        reserved = inventory.reserved(sku) - reserved_before
        assert reserved == pieces, "what is confirmed stays reserved until it is delivered, and nothing else does"
    finally:
        inventory.set_available(sku, stock()[sku])  # other tests order it, too


def test_every_outcome_of_the_tour(stack: Deployed) -> None:
    samples = list(tour())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sample: stack.api.post("/orders", sample.payload), samples))
    for sample, answer in zip(samples, answers, strict=True):
        shown = stack.outcome(answer.body["order_id"])
        assert shown["status"] == sample.expected_status, sample.description
        codes = [reason["code"] for reason in shown["why"]["reasons"]]
        assert sample.expected_reason_code is None or sample.expected_reason_code in codes, sample.description


def test_a_declined_card_gives_the_stock_back(stack: Deployed) -> None:
    order_id = stack.submit(paid_with("pm_card_visa_chargeDeclined"))
    assert stack.outcome(order_id)["status"] == "REJECTED"
    types = events(stack, order_id)
    assert types == [
        "OrderReceived",
        "OrderValidated",
        "InventoryReserved",
        "RejectionDecided",
        "InventoryReleased",
        "OrderRejected",
    ]
    assert not stack.app.inventory.holds_anything(order_id)


def test_a_no_at_the_last_step_refunds_then_releases(stack: Deployed) -> None:
    recalled = next(s for s in tour() if s.expected_reason_code == "delivery_hold")
    order_id = stack.submit({**recalled.payload, "external_id": order()["external_id"]})
    assert stack.outcome(order_id)["status"] == "REJECTED"
    assert events(stack, order_id)[3:] == [
        "PaymentCaptured",
        "RejectionDecided",
        "PaymentRefunded",
        "InventoryReleased",
        "OrderRejected",
    ]


def test_an_order_that_was_accepted_and_never_started_is_swept(stack: Deployed) -> None:
    """As if the process had been killed between the event and the start of the execution."""
    from datetime import timedelta

    from chalicelib.orders.accept import Intake
    from chalicelib.orders.payload import parse_order
    from chalicelib.orders.repository import OrderRepository

    app = stack.app

    class Earlier:
        """A clock of two minutes ago."""

        def now(self) -> Any:
            return app.clock.now() - timedelta(minutes=2)

        def sleep(self, seconds: float) -> None:
            app.clock.sleep(seconds)

    class Killed(Exception):
        pass

    class NoEngine:
        def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
            raise Killed

        def is_running(self, order_id: str, attempt: int) -> bool:
            raise Killed

    content = parse_order(order())
    with pytest.raises(Killed):
        Intake(OrderRepository(app.events, Earlier(), app.ids, "Intake"), NoEngine()).accept(content, "swept-1")
    order_id = content.order_id
    assert stack.until(order_id, "RECEIVED")["status"] == "RECEIVED"
    wait_for_row(stack, order_id)
    for _ in range(2):
        stack.run_scheduled("sweep")
    assert stack.outcome(order_id)["status"] == "CONFIRMED"
    assert executions(stack, order_id) == [f"{order_id}-1"]
    assert Counter(events(stack, order_id))["OrderReceived"] == 1


def wait_for_row(stack: Deployed, order_id: str) -> None:
    """Until the stream's consumer has projected the order."""
    wait_until(lambda: stack.app.projection.get(order_id) is not None, "the order is projected")


def test_five_hundred_lines(stack: Deployed) -> None:
    large = next(s for s in tour() if len(s.payload["lines"]) == 500)
    order_id = stack.submit({**large.payload, "external_id": order()["external_id"]})
    assert stack.outcome(order_id)["status"] == "CONFIRMED"
    history = stack.aws.client("stepfunctions").get_execution_history(
        executionArn=f"{stack.settings.state_machine_arn.replace(':stateMachine:', ':execution:')}:{order_id}-1",
        maxResults=1000,
    )["events"]
    details = [value for event in history for key, value in event.items() if key.endswith("EventDetails")]
    texts = [d[key] for d in details for key in ("input", "output") if key in d]
    assert texts
    assert max(len(text.encode()) for text in texts) < STATE_BYTES_LIMIT


def test_only_identifiers_are_in_the_execution_history(stack: Deployed) -> None:
    payload = paid_with("pm_card_visa_chargeDeclined")
    order_id = stack.submit(payload)
    stack.outcome(order_id)
    arn = f"{stack.settings.state_machine_arn.replace(':stateMachine:', ':execution:')}:{order_id}-1"
    history = stack.aws.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)
    text = json.dumps(history["events"], default=str)
    for private in (payload["ship_to"]["name"], payload["ship_to"]["address"], payload["payment"]["token"]):
        assert private not in text


def test_the_machine_is_valid_for_the_service(stack: Deployed) -> None:
    from chalicelib.workflow.definition import definition

    for kind in ("STANDARD", "EXPRESS"):
        machine = definition(lambda name: f"arn:aws:lambda:eu-central-1:000000000000:function:{name}:live", kind)
        answer = stack.aws.client("stepfunctions").validate_state_machine_definition(
            definition=json.dumps(machine), type=kind
        )
        assert answer["result"] == "OK", answer["diagnostics"]
