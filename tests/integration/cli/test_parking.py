"""The parking queue as an operator works with it, on SQS as moto has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.messaging.parking_queue import SqsParking
from chalicelib.adapters.messaging.queues import SqsDeadLetterQueue
from tests.support.aws import moto_client
from tests.support.cli import typed

POISON = "not JSON \u2603"
ACKNOWLEDGEMENT = json.dumps({"order_id": "o-1", "source": "sap-emea"})
JOB = json.dumps({"kind": "job", "job_id": "j-1"})


class ParkingBench:
    """The three queues, and the command."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.urls = {
            name: client.create_queue(QueueName=name)["QueueUrl"]
            for name in ("parking", "acknowledgements", "dead-letters")
        }

    def park(self, body: str, reason: str) -> None:
        SqsDeadLetterQueue(self.client, self.urls["dead-letters"], self.urls["parking"]).park(body, reason)

    def run(self, *arguments: str) -> tuple[int, str]:
        ended = typed("parking", *arguments, parking=SqsParking(self.client, self.urls["parking"], self.urls))
        return ended.code, ended.out + ended.err

    def bodies(self, queue: str) -> list[str]:
        answer = self.client.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def bench() -> Iterator[ParkingBench]:
    with mock_aws():
        yield ParkingBench(moto_client("sqs"))


def id_of(listing: str, body: str) -> str:
    """The id above the body in the list."""
    return listing[: listing.index(repr(body))].split("parked")[-2].split()[-1]


def test_everything_is_listed_with_its_reason_and_stays(bench: ParkingBench) -> None:
    assert bench.run("list") == (0, "nothing is parked\n")
    bench.park(POISON, "it is not JSON")
    bench.park(ACKNOWLEDGEMENT, "CallbackRefused: erp:sap-emea answered HTTP 404")
    bench.client.send_message(QueueUrl=bench.urls["parking"], MessageBody=JOB)
    for _ in range(2):
        code, listing = bench.run("list")
        assert code == 0
        for text in ("it is not JSON", repr(POISON), "answered HTTP 404", "too many attempts", "of     dead-letters"):
            assert text in listing


def test_what_is_ours_goes_back_where_it_came_from_and_the_rest_stays(bench: ParkingBench) -> None:
    bench.park(POISON, "it is not JSON")
    bench.park(ACKNOWLEDGEMENT, "refused")
    bench.client.send_message(QueueUrl=bench.urls["parking"], MessageBody=JOB)
    code, said = bench.run("retry", "all")
    assert code == 1, "not everything that was asked for could be done"
    assert "came from no queue of ours and stay parked" in said
    assert bench.bodies("acknowledgements") == [ACKNOWLEDGEMENT]
    assert bench.bodies("dead-letters") == [JOB]
    assert len(bench.bodies("parking")) == 1


def test_what_is_about_the_end_of_a_batch_goes_back_too(bench: ParkingBench) -> None:
    ends = [
        json.dumps({"batch_id": "b-1", "upload_id": "u-1", "source": "sap-emea", "attempt": 1}),
        json.dumps({"batch_id": "", "upload_id": "u-2", "source": "sap-emea", "attempt": 0}),
    ]
    for end in ends:
        bench.park(end, "CallbackRefused: erp:sap-emea answered HTTP 404")
    assert bench.run("retry", "all")[0] == 0
    assert sorted(bench.bodies("acknowledgements")) == sorted(ends)


def test_one_is_dropped_and_the_others_stay(bench: ParkingBench) -> None:
    bench.park(POISON, "it is not JSON")
    bench.park(ACKNOWLEDGEMENT, "refused")
    _, listing = bench.run("list")
    code, said = bench.run("drop", id_of(listing, POISON))
    assert (code, said.split()[-1]) == (0, "deleted")
    [left] = bench.bodies("parking")
    assert json.loads(left)["body"] == ACKNOWLEDGEMENT
    assert bench.run("drop", "nothing-like-this")[0] == 1
