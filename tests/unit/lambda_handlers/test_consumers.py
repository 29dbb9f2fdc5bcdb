"""Between Lambda's batches and the application: no record is passed over in silence, none holds up another for good.

The batches are as Lambda delivers them from a DynamoDB stream and from SQS.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.acknowledgements.callback import SOURCE_TIME
from chalicelib.adapters.dynamodb.events.codec import to_item
from chalicelib.adapters.memory import FixedClock
from chalicelib.domain.errors import DependencyUnavailable, Misconfigured
from chalicelib.domain.events import RecordedEvent
from chalicelib.lambda_handlers.consumers import each_message, each_source, project_records
from tests.support.domain.histories import PAID
from tests.support.domain.specification import recorded

EVENTS = recorded(*PAID)
OTHER = recorded(*PAID, order_id="o-2")


def stream_record(event: RecordedEvent, number: int, **changes: Any) -> dict[str, Any]:
    """`number` is its place in the stream; `changes` replace attributes of the item, None takes one away."""
    image = {**to_item(event), **changes}
    return {
        "eventID": f"c4ca4238a0b923820dcc509a6f75849{number}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "Keys": {"pk": to_item(event)["pk"], "sk": to_item(event)["sk"]},
            "NewImage": {name: value for name, value in image.items() if value is not None},
            "SequenceNumber": f"{number}00000000000000000{number}",
            "StreamViewType": "NEW_IMAGE",
        },
    }


def place(number: int) -> dict[str, list[dict[str, str]]]:
    """The answer that asks for the record with that number again, with all after it."""
    return {"batchItemFailures": [{"itemIdentifier": f"{number}00000000000000000{number}"}]}


DONE: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}


@dataclass
class Reader:
    """What the application does with a batch: `stops_at` is the event at which it gives up for now."""

    stops_at: RecordedEvent | None = None
    projected: list[RecordedEvent] = field(default_factory=list)
    kept: list[tuple[str, str]] = field(default_factory=list)

    def project(self, batch: Sequence[RecordedEvent]) -> RecordedEvent | None:
        self.projected += batch
        return self.stops_at

    def keep(self, partition: str, reason: str) -> None:
        self.kept.append((partition, reason))

    def read(self, *records: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
        return project_records(records, self.project, self.keep)


@pytest.fixture
def reader() -> Reader:
    return Reader()


def test_all_records_of_a_batch_are_projected_in_sequence(reader: Reader) -> None:
    assert reader.read(*(stream_record(event, number) for number, event in enumerate(EVENTS, 1))) == DONE
    assert tuple(reader.projected) == EVENTS
    assert reader.kept == []


UNREADABLE = {
    "of a type that nobody knows": {"type": {"S": "Surprise"}},
    "of a newer release": {"schema_version": {"N": "2"}},
    "with data that is no JSON": {"data": {"S": "{"}},
    "with an attribute missing": {"token": None},
}


@pytest.mark.parametrize("changes", UNREADABLE.values(), ids=UNREADABLE.keys())
@pytest.mark.parametrize("position", [1, 2, 3])
def test_a_record_that_cannot_be_read_is_kept_for_an_operator_and_holds_up_no_other(
    reader: Reader, changes: dict[str, Any], position: int
) -> None:
    batch = [stream_record(event, number) for number, event in enumerate((EVENTS[0], EVENTS[1], OTHER[0]), 1)]
    broken = (EVENTS[0], EVENTS[1], OTHER[0])[position - 1]
    batch[position - 1] = stream_record(broken, position, **changes)
    assert reader.read(*batch) == DONE
    assert reader.projected == [event for event in (EVENTS[0], EVENTS[1], OTHER[0]) if event is not broken]
    [(partition, reason)] = reader.kept
    assert partition == f"ORDER#{broken.order_id}"
    assert f"order {broken.order_id}, event {broken.sequence}" in reason


def test_while_it_cannot_be_kept_the_batch_comes_again() -> None:
    def full(partition: str, reason: str) -> None:
        raise DependencyUnavailable("sqs", "throttled")

    broken = stream_record(EVENTS[0], 1, type={"S": "Surprise"})
    with pytest.raises(DependencyUnavailable):
        project_records([broken], lambda batch: None, full)


def test_a_record_without_an_item_says_nothing(reader: Reader) -> None:
    deletion = stream_record(EVENTS[0], 1)
    del deletion["dynamodb"]["NewImage"]
    assert reader.read(deletion, stream_record(EVENTS[1], 2)) == DONE
    assert (reader.projected, reader.kept) == ([EVENTS[1]], [])


@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_the_first_record_that_was_not_done_is_asked_for_again(reader: Reader, position: int) -> None:
    reader.stops_at = EVENTS[position - 1]
    assert reader.read(*(stream_record(event, number) for number, event in enumerate(EVENTS, 1))) == place(position)


def test_records_of_two_orders_are_told_apart(reader: Reader) -> None:
    reader.stops_at = OTHER[0]
    assert reader.read(stream_record(EVENTS[0], 1), stream_record(OTHER[0], 2)) == place(2)


def test_an_event_that_comes_twice_is_projected_once_and_asked_for_again_where_it_came_first(reader: Reader) -> None:
    """From its second place on, the records between the two would be taken for done."""
    reader.stops_at = EVENTS[0]
    batch = [stream_record(EVENTS[0], 1), stream_record(EVENTS[1], 2), stream_record(EVENTS[0], 3)]
    assert reader.read(*batch) == place(1)
    assert reader.projected == [EVENTS[0], EVENTS[1]]


# queues


class LambdaContext:
    """The part of it that is used."""

    aws_request_id = "request-1"


def batch_of(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(number)},
                "eventSource": "aws:sqs",
            }
            for number, body in enumerate(bodies, 1)
        ]
    }


@pytest.mark.parametrize(
    ("failing", "again"),
    [("", []), ("a", ["message-1"]), ("c", ["message-3"]), ("ac", ["message-1", "message-3"])],
    ids=["none", "the first", "the last", "two"],
)
@pytest.mark.parametrize("error", [DependencyUnavailable("sqs", "throttled"), Misconfigured("no table")])
def test_each_message_stands_alone(failing: str, again: list[str], error: Exception) -> None:
    handled: list[str] = []
    postponed: list[Mapping[str, Any]] = []

    def handle(body: str) -> None:
        handled.append(body)
        if body in failing:
            raise error

    answer = each_message("Test", batch_of("a", "b", "c"), LambdaContext(), handle, postponed.append)
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in again]}
    assert handled == ["a", "b", "c"]
    assert [record["messageId"] for record in postponed] == again


def test_a_bug_is_not_taken_for_a_message_that_comes_again() -> None:
    def handle(body: str) -> None:
        raise KeyError(body)

    with pytest.raises(KeyError):
        each_message("Test", batch_of("a"), LambdaContext(), handle)


# the queue of outcomes


def about(*sources: str) -> dict[str, Any]:
    return batch_of(*(f'{{"order_id": "o-{number}", "source": "{name}"}}' for number, name in enumerate(sources, 1)))


@pytest.mark.parametrize("problem", [UnicodeError("label too long"), DependencyUnavailable("erp:bad", "down")])
def test_what_one_erp_suffers_stays_with_its_messages(problem: Exception) -> None:
    """Also a mistake of ours."""
    handled: list[tuple[str, int]] = []
    postponed: list[str] = []

    def handle(body: str, receives: int) -> None:
        if '"bad"' in body:
            raise problem
        handled.append((body, receives))

    batch = about("bad", "good", "bad", "good")
    answer = each_source(
        "Test", batch, LambdaContext(), handle, lambda record: postponed.append(record["messageId"]), FixedClock()
    )
    again = ["message-1", "message-3"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in again]}
    assert postponed == again
    assert handled == [(batch["Records"][place]["body"], place + 1) for place in (1, 3)]


def test_a_slow_erp_keeps_no_other_waiting_and_has_its_share_of_a_batch() -> None:
    """The slow one answers only when all others have been told."""
    others_are_told = threading.Event()
    clock, told = FixedClock(), []

    def handle(body: str, receives: int) -> None:
        told.append(body)
        if '"slow"' in body:
            assert others_are_told.wait(60), "others wait for the slow one"
            clock.advance(SOURCE_TIME.total_seconds() / 2)
        elif sum('"quick"' in one for one in told) == 3:
            others_are_told.set()

    batch = about("slow", "quick", "slow", "quick", "slow", "slow", "quick")
    answer = each_source("Test", batch, LambdaContext(), handle, lambda record: None, clock)
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in ("message-5", "message-6")]}
