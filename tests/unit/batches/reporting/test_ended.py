"""When a batch ends, the bus and an ERP that wants callbacks are told: whatever the end, once for each attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.acknowledgements.callback import AcknowledgeErp
from chalicelib.batches.model import Batch, Upload
from chalicelib.batches.reporting.ended import AnnounceEnd, EndDocument
from tests.support.bulk import BulkBench, jsonl, order


@dataclass
class Told:
    """A source's end of it: what was published, what was sent to the queue, what the ERP was called with."""

    bulk: BulkBench = field(default_factory=BulkBench)
    wanted: bool = True
    published: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    messages: list[dict[str, object]] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)

    def ends(self, ended: Batch | Upload) -> None:
        def tell(kind: str, detail: Mapping[str, str]) -> None:
            self.published.append((kind, dict(detail)))

        AnnounceEnd(tell, lambda _: self.wanted, self.messages.append)(ended)

    def deliver(self, *messages: Mapping[str, object]) -> None:
        def call(source: str, message_id: str, body: bytes) -> None:
            self.calls.append((source, message_id, json.loads(body)))

        fakes = self.bulk.fakes
        handle = AcknowledgeErp(
            fakes.repository("AcknowledgeErp"),
            call,
            lambda body, reason: self.parked.append(reason),
            EndDocument(self.bulk.ledger),
        )
        for message in messages or self.messages:
            handle(json.dumps(message))


@pytest.fixture
def told() -> Told:
    return Told()


def test_a_complete_batch(told: Told) -> None:
    batch = told.bulk.started(jsonl([order(1), order(2), {"external_id": "SO-3"}]))
    told.bulk.run(batch)
    told.ends(told.bulk.batch(batch.batch_id))
    told.deliver()
    upload_id = batch.key.split("/")[2]
    named = {"batch_id": batch.batch_id, "upload_id": upload_id, "source": "sap-emea"}
    assert told.published == [("BatchEnded", {**named, "state": "COMPLETED", "attempt": "1"})]
    [(source, message_id, body)] = told.calls
    assert (source, message_id) == ("sap-emea", f"{batch.batch_id}.completed")
    assert body["type"] == "batch.completed"
    assert body["timestamp"].endswith("Z")
    counts = body["data"].pop("counts")
    assert counts["received"] == 3 == counts["confirmed"] + counts["invalid"]
    assert body["data"] == {
        **named,
        "state": "COMPLETED",
        "dry_run": False,
        "attempt": 1,
        "lines": 3,
        "problem": "",
        "links": {"self": f"/batches/{batch.batch_id}"},
    }


def test_a_file_that_is_refused_while_it_is_read(told: Told) -> None:
    """After it became a batch."""
    batch = told.bulk.split(told.bulk.started(b'[{"external_id": "SO-1"}', "json"))
    told.ends(batch)
    told.deliver()
    [(_, message_id, body)] = told.calls
    assert (message_id, body["type"]) == (f"{batch.batch_id}.refused", "batch.refused")
    assert body["data"]["problem"]


def test_a_file_that_never_became_a_batch(told: Told) -> None:
    upload = told.bulk.upload(b"\x00\x01", "jsonl")
    told.ends(upload)
    told.deliver()
    [(_, message_id, body)] = told.calls
    assert (message_id, body["type"]) == (f"{upload.upload_id}.refused", "batch.refused")
    assert (body["data"]["batch_id"], body["data"]["upload_id"]) == ("", upload.upload_id)
    assert body["data"]["problem"] == upload.problem
    assert body["data"]["links"] == {"self": f"/batches/{upload.upload_id}"}


def test_who_wants_no_callbacks_hears_it_on_the_bus_only(told: Told) -> None:
    told.wanted = False
    told.ends(told.bulk.upload(b"\x00\x01", "jsonl"))
    assert len(told.published) == 1
    assert told.messages == []


def test_each_attempt_ends_once_and_a_past_end_is_not_told(told: Told) -> None:
    batch = told.bulk.started(jsonl([order(1), order(2)]))
    told.bulk.outcome = BulkBench.park
    told.bulk.run(batch)
    told.ends(told.bulk.batch(batch.batch_id))
    first = dict(told.messages[0])
    resumed = told.bulk.service.resume(told.bulk.batch(batch.batch_id))
    told.deliver(first)
    assert told.calls == [], "it goes on"
    told.bulk.run(resumed)
    told.ends(told.bulk.batch(batch.batch_id))
    told.deliver(first, *told.messages[1:], *told.messages[1:])
    assert [message_id for _, message_id, _ in told.calls] == [f"{batch.batch_id}.2.completed"] * 2


@pytest.mark.parametrize("message", [{"batch_id": "b-none", "attempt": 1}, {"batch_id": "", "upload_id": "u-none"}])
def test_what_is_gone_is_not_told(told: Told, message: dict[str, object]) -> None:
    told.deliver(message)
    assert (told.calls, told.parked) == ([], [])


@pytest.mark.parametrize("message", [{}, {"upload_id": "u-1"}])
def test_a_message_about_nothing_is_parked(told: Told, message: dict[str, object]) -> None:
    told.deliver(message)
    assert len(told.parked) == 1
