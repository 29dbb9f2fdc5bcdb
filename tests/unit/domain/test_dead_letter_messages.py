"""The messages of the dead-letter queue survive it; what is not one of them says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.dead_letter_messages import (
    UnreadableMessage,
    failed_order_message,
    job_message,
    parse_failed_order,
    parse_message,
    redrive_message,
)
from chalicelib.domain.failures import FailedOrder

FAILED = FailedOrder(
    order_id="o-1",
    correlation_id="correlation-1",
    source="sap-emea",
    attempt=2,
    step="CapturePayment",
    error="DependencyTimeout",
    message="no answer",
    fingerprint="0123456789ab",
    failed_at=datetime(2026, 11, 23, 10, 15, tzinfo=UTC),
)
TEXT = st.text("abc \"'\\\näß€😀", max_size=20)
FAILURES = st.builds(
    FailedOrder,
    order_id=TEXT,
    correlation_id=TEXT,
    source=TEXT,
    attempt=st.integers(1, 1000),
    step=TEXT,
    error=TEXT,
    message=TEXT,
    fingerprint=TEXT,
    failed_at=st.datetimes(timezones=st.just(UTC)),
)


def test_a_message_as_it_stands_in_the_queue() -> None:
    assert failed_order_message(FAILED) == {
        "kind": "failed_order",
        "order_id": "o-1",
        "correlation_id": "correlation-1",
        "source": "sap-emea",
        "attempt": 2,
        "step": "CapturePayment",
        "error": "DependencyTimeout",
        "message": "no answer",
        "fingerprint": "0123456789ab",
        "failed_at": "2026-11-23T10:15:00.000000Z",
    }
    assert redrive_message(FAILED) == {**failed_order_message(FAILED), "kind": "redrive"}
    assert job_message("20261123T101500-1") == {"kind": "job", "job_id": "20261123T101500-1"}


@given(FAILURES)
def test_a_failed_order_survives_the_queue(failed: FailedOrder) -> None:
    for message in (failed_order_message(failed), redrive_message(failed)):
        read = parse_message(json.dumps(message))
        assert read["kind"] == message["kind"]
        assert parse_failed_order(read) == failed


def test_a_message_of_an_earlier_release_is_read() -> None:
    """It may have waited in the queue while the system was deployed anew."""
    earlier = {**failed_order_message(FAILED), "failed_at": "2026-11-23T10:15:00+00:00"}
    assert parse_failed_order(earlier) == FAILED


def test_a_job_survives_the_queue() -> None:
    assert parse_message(json.dumps(job_message("j-1"))) == {"kind": "job", "job_id": "j-1"}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "it is not JSON"),
        ("{", "it is not JSON"),
        ("[]", "it has no known kind: failed_order, redrive or job"),
        ('"job"', "it has no known kind: failed_order, redrive or job"),
        ("null", "it has no known kind: failed_order, redrive or job"),
        ("{}", "it has no known kind: failed_order, redrive or job"),
        ('{"kind": "surprise"}', "it has no known kind: failed_order, redrive or job"),
        ('{"kind": ["job"]}', "it has no known kind: failed_order, redrive or job"),
    ],
)
def test_what_is_not_a_message_of_ours_says_why(body: str, says: str) -> None:
    with pytest.raises(UnreadableMessage) as raised:
        parse_message(body)
    assert str(raised.value) == says


GONE = object()
FIELDS = sorted(failed_order_message(FAILED).keys() - {"kind"})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [GONE, None, [], 1.5], ids=["missing", "null", "a list", "a fraction"])
def test_a_field_that_is_missing_or_of_the_wrong_type_is_named(field: str, value: object) -> None:
    message: dict[str, Any] = {**failed_order_message(FAILED), field: value}
    if value is GONE:
        del message[field]
    with pytest.raises(UnreadableMessage) as raised:
        parse_failed_order(message)
    assert str(raised.value) == f"field {field} is missing or of the wrong type"


@pytest.mark.parametrize("field", FIELDS)
def test_a_number_is_no_text_and_text_no_number(field: str) -> None:
    wrong: object = "2" if field == "attempt" else 2
    with pytest.raises(UnreadableMessage, match=f"field {field} is missing or of the wrong type"):
        parse_failed_order({**failed_order_message(FAILED), field: wrong})


def test_a_time_that_is_none() -> None:
    with pytest.raises(UnreadableMessage, match=r"\Afield failed_at is not a time\Z"):
        parse_failed_order({**failed_order_message(FAILED), "failed_at": "yesterday"})
