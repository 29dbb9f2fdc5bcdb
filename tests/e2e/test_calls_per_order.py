"""What an order costs in calls to AWS, counted where they are served: the figures behind docs/costs.md.

A step that reads what it does not need, or writes twice, passes every other test.
"""

from __future__ import annotations

import time

from chalicelib.domain.state import Status
from local.emulator.call_counter import calls_of
from tests.support.e2e.deployed import OUTCOME_TIMEOUT_S, Deployed
from tests.support.e2e.rehearsal import confirmed_order, wait_until

PREFIX = "orderbridge-local-"

LOOK_FOR_SWITCHES = 1
"""On stages that rehearse, at most once in a second."""

OF_A_CONFIRMED_ORDER = {
    "validate_order": {"DynamoDB.Query": 1 + LOOK_FOR_SWITCHES, "DynamoDB.PutItem": 1},
    "reserve_inventory": {"DynamoDB.Query": 1 + LOOK_FOR_SWITCHES, "DynamoDB.TransactWriteItems": 1},
    "capture_payment": {
        "DynamoDB.Query": 1 + LOOK_FOR_SWITCHES,
        "DynamoDB.PutItem": 2,  # the sandbox's charge, and the event
        "DynamoDB.GetItem": 1,  # the circuit, at most every few seconds
    },
    "confirm_order": {"DynamoDB.Query": 1 + LOOK_FOR_SWITCHES, "DynamoDB.PutItem": 1},
    "project_events": {
        "DynamoDB.PutItem": 5,  # fewer when events come together
        "DynamoDB.GetItem": 2,  # does the ERP want to hear, of the order's beginning and of its outcome?
        "AWSEvents.PutEvents": 5,
    },
}


def calls_of_an_order(stack: Deployed) -> dict[str, dict[str, int]]:
    before = calls_of(stack.aws.endpoint_url)
    order_id = stack.submit(confirmed_order())
    wait_until(lambda: is_projected(stack, order_id), "the stream's last batch has arrived")
    found: dict[str, dict[str, int]] = {}
    for name, count in (calls_of(stack.aws.endpoint_url) - before).items():
        function, _, operation = name.removeprefix(PREFIX).partition(" ")
        if function in OF_A_CONFIRMED_ORDER:
            found.setdefault(function, {})[operation] = count
    return found


def is_projected(stack: Deployed, order_id: str) -> bool:
    row = stack.app.projection.get(order_id)
    return row is not None and row.status is Status.CONFIRMED


def too_many(found: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"{function} {operation}: {count}"
        for function, calls in found.items()
        for operation, count in calls.items()
        if count > OF_A_CONFIRMED_ORDER[function].get(operation, 0)
    ]


def test_a_confirmed_order_takes_no_more_calls_than_are_paid_for(stack: Deployed) -> None:
    """Once everything is warm; orders that other tests left behind may still be on their way."""
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while surplus := too_many(found := calls_of_an_order(stack)):
        assert time.monotonic() < deadline, surplus
    assert found.keys() == OF_A_CONFIRMED_ORDER.keys(), "every function was seen at work"
