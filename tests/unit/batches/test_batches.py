"""Batches in memory, from the file to the report: exact at every moment, after every crash, for every kind of line."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.batches import split
from chalicelib.batches.model import Batch, BatchCounts, BatchState, Page
from chalicelib.batches.pages import worker as page_worker
from chalicelib.batches.parsing.csv_mapping import CANONICAL, parse_mapping
from chalicelib.domain.errors import Contention, DependencyUnavailable, Refused
from chalicelib.domain.order import order_id
from chalicelib.domain.state import Status
from local.sample.batch import batch_lines
from tests.support.bulk import BulkBench, jsonl, order
from tests.support.faults.faults import Killed


@pytest.fixture
def bench() -> BulkBench:
    return BulkBench()


def outcome_by_number(bench: BulkBench, key: str) -> None:
    """Of every ten orders one is rejected, one is parked, the others are confirmed."""
    number = int(bench.fakes.order(key).content.external_id[-1])
    {3: bench.reject, 7: bench.park}.get(number, bench.confirm)(key)


def test_a_mixed_file_is_accounted_for_line_by_line(bench: BulkBench) -> None:
    bench.outcome = outcome_by_number
    bench.fakes.accept()
    pushed = {**order(0), "external_id": "SO-100045"}  # what the app has accepted singly
    conflicting = {**pushed, "total": "99.00"}
    lines = [order(1), order(2), order(3), order(2), pushed, conflicting, {"no": "order"}, order(7), order(8)]
    batch = bench.started(jsonl(lines) + b"not json\n")
    report = bench.run(batch)
    assert [(line["line"], line["outcome"], line["status"]) for line in report] == [
        (1, "accepted", "CONFIRMED"),
        (2, "accepted", "CONFIRMED"),
        (3, "accepted", "REJECTED"),
        (4, "duplicate", "CONFIRMED"),
        (5, "duplicate", "RECEIVED"),
        (6, "invalid", ""),
        (7, "invalid", ""),
        (8, "accepted", "FAILED"),
        (9, "accepted", "CONFIRMED"),
        (10, "invalid", ""),
    ]
    assert report[2]["reasons"] == ["insufficient_stock"]
    assert report[5]["errors"] == [
        {
            "field": "total",
            "message": "differs from the order that was accepted before under this number; it is RECEIVED and goes on; "
            "send it again if it is REJECTED or CANCELLED in the end",
        }
    ]
    assert {error["field"] for error in report[6]["errors"]} >= {"source", "lines", "no"}
    expected = BatchCounts(duplicate=2, invalid=3, confirmed=3, rejected=1, failed=1)
    assert bench.counts(batch) == expected
    assert (expected.received, expected.accepted) == (10, 5)
    assert bench.batch(batch.batch_id).state is BatchState.COMPLETED


def test_the_report_as_csv_is_in_input_order_and_harmless_to_spreadsheets(bench: BulkBench) -> None:
    formula = order(1, external_id="+HYPERLINK(1)")
    batch = bench.started(jsonl([formula, order(2), {"external_id": "SO-9"}]))
    bench.run(batch)
    header, *rows = bench.files.objects[f"batches/{batch.batch_id}/report.csv"].decode("utf-8-sig").splitlines()
    assert header == "line,external_id,outcome,order_id,status,reasons,errors,last_line"
    assert rows[0].startswith("1,'+HYPERLINK(1),accepted,o-")
    assert rows[2].startswith("3,SO-9,invalid,,,,")


def test_no_more_orders_run_at_once_than_the_window_allows(bench: BulkBench) -> None:
    batch = bench.started(jsonl(order(n) for n in range(60)))
    bench.run(batch)
    assert bench.most_in_flight == bench.window


def test_while_orders_do_not_end_no_further_line_is_accepted(bench: BulkBench) -> None:
    bench.outcome = BulkBench.leave
    batch = bench.split(bench.started(jsonl(order(n) for n in range(60))))
    for _ in range(3):
        progress = bench.worker(batch.batch_id, 1)
        assert (progress.done, progress.wait_s) == (False, page_worker.STALLED_WAIT_S)
    assert bench.counts(batch) == BatchCounts(running=bench.window)
    bench.outcome = BulkBench.confirm
    assert Counter(line["status"] for line in bench.run(batch)) == {"CONFIRMED": 60}


def test_parked_orders_free_their_place_and_are_counted_as_what_they_become(bench: BulkBench) -> None:
    bench.outcome = BulkBench.park
    batch = bench.started(jsonl(order(n) for n in range(12)))
    report = bench.run(batch)
    assert {line["status"] for line in report} == {"FAILED"}
    for line in report[:4]:
        bench.fakes.commands.redrive(line["order_id"], "operator", "the provider is back")
        bench.fakes.project(line["order_id"])
    assert bench.service.status(bench.batch(batch.batch_id)).counts == BatchCounts(failed=8, running=4)
    for line in report[:4]:
        bench.confirm(line["order_id"])
        bench.fakes.project(line["order_id"])
    assert bench.service.status(bench.batch(batch.batch_id)).counts == BatchCounts(failed=8, confirmed=4)


def test_the_same_file_is_the_same_batch_whoever_sends_it_again(bench: BulkBench) -> None:
    data = jsonl(order(n) for n in range(5))
    batch = bench.started(data)
    bench.run(batch)
    again = bench.started(data)
    assert again == bench.batch(batch.batch_id)
    assert bench.engine.started == [(batch.batch_id, 1)]


def test_a_notice_that_comes_twice_starts_nothing_twice(bench: BulkBench) -> None:
    upload = bench.upload(jsonl([order(1)]))
    bench.start(upload.key)
    bench.run(bench.batch(upload.batch_id))
    bench.start(upload.key)
    assert bench.engine.started == [(upload.batch_id, 1)]


def test_a_batch_whose_start_was_lost_starts_with_the_next_notice(bench: BulkBench) -> None:
    upload = bench.upload(jsonl([order(1)]))
    bench.engine.started.clear()  # the process died between the claim and the start
    bench.start(upload.key)
    assert bench.engine.started == [(upload.batch_id, 1)]


def test_an_object_that_nobody_asked_for_is_left_alone(bench: BulkBench) -> None:
    bench.files.put("uploads/sap-emea/u-unknown/orders", b"{}")
    assert bench.start("uploads/sap-emea/u-unknown/orders") is None
    assert not bench.engine.started


@pytest.mark.parametrize("kill_after", range(1, 60, 3))
def test_killed_anywhere_and_sent_again_the_accounting_is_the_same(bench: BulkBench, kill_after: int) -> None:
    """The process dies at some write; then the execution is gone and the file is sent again."""
    data = jsonl([order(n) for n in range(30)] + [order(4), {"no": "order"}])
    bench.outcome = outcome_by_number
    batch = bench.started(data)
    left = [kill_after]
    files, put = bench.files, bench.files.put

    class Mortal(type(files)):  # type: ignore[misc]
        def put(self, key: str, data: bytes) -> str:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return put(key, data)

    events = bench.fakes.events

    class MortalEvents(type(events)):  # type: ignore[misc]
        def append(self, append: object) -> object:
            recorded = events.append(append)  # type: ignore[arg-type]
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return recorded

        def load(self, key: str) -> object:
            return events.load(key)

    bench.files = Mortal()
    bench.files.objects = files.objects
    bench.fakes.events = MortalEvents()
    with suppress(Killed):
        bench.run(batch)
    bench.files, bench.fakes.events = files, events
    bench.engine.ended.add((batch.batch_id, 1))
    again = bench.started(data)
    report = bench.run(again)
    assert again.batch_id == batch.batch_id
    assert bench.counts(batch) == BatchCounts(duplicate=1, invalid=1, confirmed=24, rejected=3, failed=3)
    assert [line["line"] for line in report] == list(range(1, 33))
    received = [event.type for key in events.order_ids() for event in events.load(key)]
    assert received.count("OrderReceived") == 30


def test_a_dependency_that_fails_in_the_middle_costs_nothing_that_was_done(bench: BulkBench) -> None:
    batch = bench.split(bench.started(jsonl(order(n) for n in range(20))))
    events = bench.fakes.events

    class Failing(type(events)):  # type: ignore[misc]
        def append(self, append: object) -> object:
            if append.order_id == lost:  # type: ignore[attr-defined]
                raise DependencyUnavailable("DynamoDB", "throttled")
            return events.append(append)  # type: ignore[arg-type]

        def load(self, key: str) -> object:
            return events.load(key)

    lost = order_id("sap-emea", "SO-000012")
    bench.fakes.events = Failing()
    with pytest.raises(DependencyUnavailable):
        bench.work(batch)
    assert bench.counts(batch).received == 12
    bench.fakes.events = events
    assert len(bench.run(batch)) == 20
    assert bench.counts(batch) == BatchCounts(confirmed=20)


def test_two_workers_of_a_page_do_not_count_twice(bench: BulkBench) -> None:
    batch = bench.split(bench.started(jsonl(order(n) for n in range(8))))
    page = bench.ledger.save_page(replace(bench.ledger.page(batch.batch_id, 1) or _page(batch), invalid=0))
    with pytest.raises(Contention):
        bench.ledger.save_page(replace(page, version=page.version - 1, invalid=3))


def _page(batch: Batch) -> Page:
    return Page(batch.batch_id, 1, 8, batch.received_at)


def test_a_cancelled_batch_accepts_no_further_line_and_says_so_in_the_report(bench: BulkBench) -> None:
    bench.outcome = BulkBench.leave
    data = jsonl(order(n) for n in range(20))
    batch = bench.split(bench.started(data))
    bench.worker(batch.batch_id, 1)
    bench.service.cancel(bench.batch(batch.batch_id), "operator", "the wrong file", orders=False)
    bench.outcome = BulkBench.confirm
    bench.work(batch)
    report = bench.report(batch)
    assert Counter(line["outcome"] for line in report) == {"accepted": 5, "not_processed": 15}
    assert bench.batch(batch.batch_id).state is BatchState.CANCELLED
    with pytest.raises(Refused):
        bench.service.cancel(bench.batch(batch.batch_id), "operator", "again", orders=False)
    assert Counter(line["outcome"] for line in bench.run(bench.started(data))) == {"accepted": 20}


def test_cancelling_can_include_the_orders_that_run(bench: BulkBench) -> None:
    bench.outcome = BulkBench.leave
    batch = bench.split(bench.started(jsonl(order(n) for n in range(20))))
    bench.worker(batch.batch_id, 1)
    bench.service.cancel(bench.batch(batch.batch_id), "operator", "the wrong file", orders=True)
    bench.worker(batch.batch_id, 1)
    open_orders = [bench.fakes.order(order_id) for page in bench.ledger.pages(batch.batch_id) for order_id in page.open]
    assert len(open_orders) == 5
    assert all(order.cancellation is not None for order in open_orders)


def test_a_killed_batch_is_resumed_and_a_running_one_is_not(bench: BulkBench) -> None:
    batch = bench.split(bench.started(jsonl(order(n) for n in range(5))))
    with pytest.raises(Refused):
        bench.service.resume(bench.batch(batch.batch_id))
    bench.engine.ended.add((batch.batch_id, 1))
    resumed = bench.service.resume(bench.batch(batch.batch_id))
    assert bench.engine.started[-1] == (batch.batch_id, 2)
    assert resumed.state is BatchState.RUNNING
    assert len(bench.run(resumed)) == 5


def test_pages_that_were_never_worked_on_make_a_batch_incomplete(bench: BulkBench) -> None:
    batch = bench.split(bench.started(jsonl(order(n) for n in range(250))))
    bench.worker(batch.batch_id, 2)
    report = bench.report(batch)
    closed = bench.batch(batch.batch_id)
    assert closed.state is BatchState.INCOMPLETE
    assert closed.problem == "150 lines were not handed over and 0 orders have no outcome yet"
    assert [line["line"] for line in report] == list(range(1, 251))


def test_orders_that_do_not_move_for_hours_do_not_hold_a_page_for_ever(bench: BulkBench) -> None:
    bench.outcome = BulkBench.leave
    batch = bench.split(bench.started(jsonl(order(n) for n in range(2))))
    bench.work(batch)
    bench.report(batch)
    closed = bench.batch(batch.batch_id)
    assert (closed.state, bench.counts(batch)) == (BatchState.INCOMPLETE, BatchCounts(running=2))


def test_a_broken_array_is_refused_before_anything_is_accepted(bench: BulkBench) -> None:
    array = json.dumps([order(n) for n in range(300)])
    batch = bench.split(bench.started(array[:-500].encode(), "json"))
    assert (batch.state, bench.engine.started) == (BatchState.REFUSED, [(batch.batch_id, 1)])
    assert "truncated after element 298" in batch.problem
    assert not list(bench.fakes.events.order_ids())
    with pytest.raises(Refused):
        bench.service.resume(batch)


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"", "jsonl", "empty"),
        (b"\x1f\x8b\x08" + b"x" * 99, "jsonl", "damaged"),
        (b"a;b;c\n1;2;3\n", "csv", "lacks columns"),
        (b"\n\n", "jsonl", "no orders"),
        (b"[]", "json", "no orders"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_where_its_sender_looks(
    bench: BulkBench, data: bytes, kind: str, said: str
) -> None:
    upload = bench.upload(data, kind)
    problem = upload.problem
    if upload.batch_id:
        batch = bench.split(bench.batch(upload.batch_id))
        problem = batch.problem
        assert batch.state is BatchState.REFUSED
    assert said in problem


def test_only_a_header_is_no_order(bench: BulkBench) -> None:
    batch = bench.started((",".join(parse_mapping(CANONICAL).columns) + "\n").encode(), "csv")
    assert bench.split(batch).problem == "the file holds no orders, only a header row"


def test_a_file_that_was_replaced_while_it_was_read_is_refused(bench: BulkBench) -> None:
    batch = bench.started(jsonl([order(1)]))
    bench.files.put(batch.key, jsonl([order(2)]))
    assert "replaced" in bench.split(batch).problem


def test_a_large_file_is_split_in_several_calls(bench: BulkBench) -> None:
    batch = bench.started(jsonl(order(n) for n in range(450)))
    clock = bench.fakes.clock

    class Slow(type(bench.files)):  # type: ignore[misc]
        def put(self, key: str, data: bytes) -> str:
            clock.advance(split.WORKING_TIME.total_seconds() / 2 + 1)
            self.objects[key] = data
            return ""

    slow = Slow()
    slow.objects = bench.files.objects
    bench.files = slow
    first = split.SplitFile(bench.ledger, bench.files, clock)(batch)
    assert (first.state, first.pages) == ("more", 2)
    assert bench.split(batch).pages == 5


def test_orders_of_another_source_are_invalid(bench: BulkBench) -> None:
    (line,) = bench.run(bench.started(jsonl([order(1, source="sap-apac")])))
    assert line["errors"] == [{"field": "source", "message": "must be sap-emea, as for the whole file"}]


def test_the_pace_counts_this_attempt_only(bench: BulkBench) -> None:
    data = jsonl(order(n) for n in range(20))
    batch = bench.split(bench.started(data))
    bench.worker(batch.batch_id, 1)
    status = bench.service.status(bench.batch(batch.batch_id))
    assert status.throughput.rate_per_s > 0
    assert status.counts.settled == 20
    bench.engine.ended.add((batch.batch_id, 1))
    bench.fakes.clock.advance(60)
    resumed = bench.service.resume(bench.batch(batch.batch_id))
    assert bench.service.status(resumed).throughput.rate_per_s == 0


def test_generated_files_hold_what_they_promise() -> None:
    lines = list(batch_lines(3, 1000))
    assert Counter(line.expected for line in lines) == {
        "invalid": 10,
        "duplicate": 10,
        Status.REJECTED: 20,
        Status.CONFIRMED: 960,
    }


def test_long_lines_make_pages_of_fewer(bench: BulkBench) -> None:
    long = [order(n, padding="x" * 900_000) for n in range(12)]
    assert bench.split(bench.started(jsonl(long))).pages == 3
