"""Technical failures: what is read of them, and which ones are the same for an operator."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from chalicelib.domain.events import Event, OrderFailed
from chalicelib.domain.failures import MAX_MESSAGE_CHARACTERS, FailedOrder, Failure, caught
from chalicelib.domain.order import order_id
from tests.support.builders import NOW
from tests.support.domain.histories import CONFIRMED, FAILED, FAILURE, PAID, in_attempt, redriven
from tests.support.domain.specification import order_after


def fingerprint(message: str, step: str = "CapturePayment", error: str = "DependencyTimeout") -> str:
    return Failure(step, error, message).fingerprint


def test_a_fingerprint_is_12_hex_digits_that_never_change() -> None:
    """Dead letters are stored under it."""
    assert fingerprint("payment did not answer: read timeout") == "39b43928bce3"
    assert fingerprint("order o-0123456789abcdefghjkmnpq at 10:15 said 'no'") == "de4466bfd3e2"
    assert re.fullmatch("[0-9a-f]{12}", fingerprint(""))


@pytest.mark.parametrize(
    ("events", "settled"),
    [
        pytest.param(FAILED, False, id="it stands"),
        pytest.param((*FAILED, redriven(2)), True, id="a later attempt runs"),
        pytest.param((*FAILED, redriven(2), FAILURE), True, id="a later attempt has failed"),
        pytest.param(CONFIRMED, True, id="ended in the same attempt"),
        pytest.param(PAID, False, id="not parked yet"),
    ],
)
def test_a_failure_is_settled_when_its_order_has_moved_on(events: tuple[Event, ...], settled: bool) -> None:
    failed = FailedOrder.of(order_after(*FAILED), FAILURE, NOW)
    assert failed.is_settled_in(order_after(*events)) is settled


@pytest.mark.parametrize(
    "failure", [Failure("CapturePayment", "DependencyTimeout", "no answer"), FAILURE], ids=["caught", "as an event"]
)
def test_a_failed_order_is_the_order_as_it_stands_and_the_failure(failure: Failure | OrderFailed) -> None:
    at = NOW + timedelta(minutes=5)
    assert FailedOrder.of(order_after(*in_attempt(3), FAILURE), failure, at) == FailedOrder(
        order_id="o-1",
        correlation_id="correlation-1",
        source="sap-emea",
        attempt=3,
        step="CapturePayment",
        error="DependencyTimeout",
        message="no answer",
        fingerprint=failure.fingerprint,
        failed_at=at,
    )


ORDER_IDS = [order_id("sap-emea", f"SO-{number}") for number in range(50)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (f"order {ORDER_IDS[0]} is gone", f"order {ORDER_IDS[1]} is gone"),
        ("request 0b5c7d1e-1111-4222-8333-abcdefabcdef failed", "request FFFFFFFF-0000-4000-8000-000000000000 failed"),
        ("charge ch_3PabcdEFGH12 declined", "charge ch_9QxyzzIJKL77 declined"),
        ("k1abcdefghij has 12", "k1abcdefghjk has 12"),
        ("no price for 'EUR'", "no price for 'a SKU with blanks, 7 and \"quotes\"'"),
        ('no key "a"', 'no key "something else"'),
        ("read timeout after 3 s", "read timeout after 12.5 s"),
        ("at 10:15:59 nobody answered", "at 9:05 nobody answered"),
        ("1,000 rows", "7 rows"),
    ],
    ids=[
        "order ids",
        "uuids",
        "ids of others",
        "the shortest id",
        "quoted",
        "double quoted",
        "numbers",
        "times",
        "thousands",
    ],
)
def test_what_differs_from_order_to_order_makes_no_difference(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize("another", [*ORDER_IDS, "o-abcdefghjkmnpqrstvwxyzab"])
def test_all_order_ids_are_alike(another: str) -> None:
    """Whatever digits, letters or none of them an id happens to have."""
    assert fingerprint(f"order {another} is gone") == fingerprint("order o-0123456789abcdefghjkmnpq is gone")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("read timeout", "connect timeout"),
        ("order o-0123456789abcdefghjkmnpq is gone", "order 7 is gone"),
        ("abcdefghijklm is a word", "nopqrstuvwxyz is a word"),
        ("ab1 is short", "ab2c is shorter than an id"),
        ("k1abcdefghi has 11", "k1abcdefghj has 11"),
        ("it's", "its"),
    ],
)
def test_what_was_said_makes_a_difference(one: str, other: str) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_step_and_error_make_a_difference() -> None:
    assert (
        len(
            {
                fingerprint("no answer"),
                fingerprint("no answer", step="RefundPayment"),
                fingerprint("no answer", error="DependencyUnavailable"),
                fingerprint("no answer", step="CapturePaymentD", error="ependencyTimeout"),
            }
        )
        == 4
    )


def cause(message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": "KeyError", "stackTrace": ["..."]})


@pytest.mark.parametrize(
    ("failure", "read"),
    [
        (
            {"ValidateOrder": {"Error": "KeyError", "Cause": cause("'EUR'")}},
            Failure("ValidateOrder", "KeyError", "'EUR'"),
        ),
        ({"A": {"Error": "States.Timeout"}}, Failure("A", "States.Timeout", "")),
        ({"A": {"Error": "States.Timeout", "Cause": ""}}, Failure("A", "States.Timeout", "")),
        ({"A": {"Error": "E", "Cause": "not JSON"}}, Failure("A", "E", "not JSON")),
        ({"A": {"Error": "E", "Cause": '["a list"]'}}, Failure("A", "E", '["a list"]')),
        ({"A": {"Error": "E", "Cause": '{"other": 1}'}}, Failure("A", "E", '{"other": 1}')),
        ({"A": {"Error": "E", "Cause": '{"errorMessage": 7}'}}, Failure("A", "E", "7")),
        ({"A": {"Cause": "why"}}, Failure("A", "unknown", "why")),
        ({"A": {"Error": "E"}, "B": {"Error": "F"}}, Failure("A", "E", "")),
        ({}, Failure("unknown", "unknown", "")),
    ],
    ids=[
        "of a function",
        "of the service, without a cause",
        "an empty cause",
        "a cause in words",
        "a cause that is a list",
        "a cause without a message",
        "a message that is no text",
        "without an error",
        "the first of two",
        "nothing at all",
    ],
)
def test_what_the_workflow_caught_is_read_whatever_it_looks_like(
    failure: dict[str, dict[str, str]], read: Failure
) -> None:
    assert caught(failure) == read


@pytest.mark.parametrize(("length", "kept"), [(499, 499), (500, 500), (501, 500)])
def test_a_long_message_is_cut(length: int, kept: int) -> None:
    assert caught({"A": {"Error": "E", "Cause": cause("x" * length)}}).message == "x" * kept
    assert caught({"A": {"Error": "E", "Cause": "x" * length}}).message == "x" * kept
    assert MAX_MESSAGE_CHARACTERS == 500
