"""A file that is only tried: the report says what would become of each order, and nothing is stored of any."""

from __future__ import annotations

import pytest

from chalicelib.batches.model import BatchCounts, BatchState
from tests.support.api import ApiBench
from tests.support.bulk import SOURCE, BulkBench, jsonl, order


@pytest.fixture
def bench() -> BulkBench:
    bench = BulkBench()
    bench.inventory.set_available("WIDGET-1", 1000)
    bench.inventory.set_available("GADGET-7", 1000)
    return bench


MIXED = jsonl([order(1), order(2), order(3, customer_id="C-unknown"), {"external_id": "SO-4"}, order(5, total="1.00")])


def test_a_dry_run_says_what_would_become_of_each_order_and_stores_none(bench: BulkBench) -> None:
    bench.run(bench.started(jsonl([order(2)])))
    before = list(bench.fakes.events.order_ids())
    batch = bench.started(MIXED, dry_run=True)
    report = bench.run(batch)
    assert [(line["external_id"], line["outcome"]) for line in report] == [
        ("SO-000001", "valid"),
        ("SO-000002", "duplicate"),
        ("SO-000003", "invalid"),
        ("SO-4", "invalid"),
        ("SO-000005", "invalid"),
    ]
    assert "would be rejected, unknown_customer" in report[2]["errors"][0]["message"]
    assert "would be rejected, total_mismatch" in report[4]["errors"][0]["message"]
    assert {error["field"] for error in report[3]["errors"]} >= {"lines", "total"}
    assert list(bench.fakes.events.order_ids()) == before
    assert bench.counts(batch) == BatchCounts(duplicate=1, invalid=3, valid=1)
    assert bench.batch(batch.batch_id).state is BatchState.COMPLETED


def test_a_dry_run_is_never_the_batch_itself_and_each_is_anew(bench: BulkBench) -> None:
    first, second = (bench.started(MIXED, dry_run=True) for _ in range(2))
    for batch in (first, second):
        bench.run(batch)
    real = bench.started(MIXED)
    assert len({first.batch_id, second.batch_id, real.batch_id}) == 3
    assert [line["outcome"] for line in bench.run(real)].count("accepted") == 4


def test_what_is_short_in_stock_would_be_rejected(bench: BulkBench) -> None:
    bench.inventory.set_available("WIDGET-1", 0)
    [line] = bench.run(bench.started(jsonl([order(1)]), dry_run=True))
    assert "would be rejected, insufficient_stock" in line["errors"][0]["message"]


def test_the_api_says_that_it_was_a_dry_run() -> None:
    api = ApiBench()
    body = {"source": SOURCE, "orders": [order(1)], "dry_run": True}
    for _ in range(2):
        reply = api.post("/batches", body, api.ingest)
        assert (reply.status, reply.json["dry_run"]) == (202, True)
    batch = api.bulk.batch(reply.json["batch_id"])
    api.bulk.run(batch)
    counts = api.get(reply.json["links"]["self"], api.read).json["counts"]
    assert counts["accepted"] == 0
    assert counts["valid"] + counts["invalid"] == 1
