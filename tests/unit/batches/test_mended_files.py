"""Files that are sent again when what was wrong is mended: their rejected orders come in, and the rest stays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from chalicelib.batches.accept_line import AcceptLine, read_line
from chalicelib.batches.model import Batch, BatchCounts, LineOutcome, Page, correlation_id_of
from chalicelib.batches.pages.orders import ids_of, standing
from chalicelib.batches.pages.settling import Settling
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.domain.events import OrderCancelled
from chalicelib.domain.order import order_id
from chalicelib.domain.state import Status, fold
from chalicelib.orders.accept import Intake
from chalicelib.ports import OrderRow
from tests.support.bulk import SOURCE, BulkBench, jsonl, order
from tests.support.domain.histories import CANCELLATION

HEADER = (
    "external_id,ordered_at,customer_id,currency,total,net,payment_method,payment_token,ship_to_name,ship_to_address,"
    "ship_to_city,ship_to_postal_code,ship_to_country,line,sku,quantity,unit_price,tax_rate"
)


@pytest.fixture
def bench() -> BulkBench:
    return BulkBench()


def csv_file(count: int) -> bytes:
    rows = (
        f"SO-{number:06},2026-11-23T10:15:00Z,C-1001,EUR,45.00,37.50,card,pm_card_visa,Nordlicht,Hafenstr. 12,Hamburg,"
        "20457,DE,1,WIDGET-1,3,12.50,0.20"
        for number in range(count)
    )
    return "\n".join([HEADER, *rows, ""]).encode()


def by_total(bench: BulkBench, key: str) -> None:
    """As ValidateOrder decides."""
    content = bench.fakes.order(key).content
    (bench.confirm if content.total in content.possible_totals() else bench.reject)(key)


def map_total(bench: BulkBench, column: str) -> None:
    assert 'total = "total"' in CANONICAL
    mapping = CANONICAL.replace('total = "total"', f'total = "{column}"')
    ignored = "total" if column == "net" else "net"
    bench.mappings.texts[SOURCE, "default"] = f'ignore = ["{ignored}"]\n{mapping}'


def test_a_wrong_mapping_that_is_mended_confirms_the_whole_file(bench: BulkBench) -> None:
    bench.outcome = by_total
    map_total(bench, "net")
    wrong = bench.started(csv_file(20), "csv")
    *lines, last = bench.run(wrong)
    assert {line["status"] for line in lines} == {"REJECTED"}
    assert last["outcome"] == "invalid", "nobody can tell whether the file was cut off: its total is wrong"
    map_total(bench, "total")
    right = bench.started(csv_file(20), "csv")
    assert right.batch_id != wrong.batch_id
    report = bench.run(right)
    assert {(line["outcome"], line["status"]) for line in report} == {("accepted", "CONFIRMED")}
    assert bench.counts(right) == BatchCounts(confirmed=20)
    assert [line["order_id"] for line in report[:-1]] == [line["order_id"] for line in lines]
    assert {line["order_id"] for line in report} == set(bench.fakes.events.order_ids()), "the ids stay"
    assert [bench.fakes.order(line["order_id"]).revision for line in report] == [2] * 19 + [1]


def test_a_repaired_file_brings_in_what_was_rejected_and_repeats_the_rest(bench: BulkBench) -> None:
    bench.outcome = by_total
    broken = [order(1), order(2, total="99.00"), order(3)]
    bench.run(bench.started(jsonl(broken)))
    repaired = bench.started(jsonl([order(1), order(2), order(3)]))
    report = bench.run(repaired)
    assert [(line["outcome"], line["status"]) for line in report] == [
        ("duplicate", "CONFIRMED"),
        ("accepted", "CONFIRMED"),
        ("duplicate", "CONFIRMED"),
    ]
    assert bench.counts(repaired) == BatchCounts(duplicate=2, confirmed=1)


def test_an_order_that_was_cancelled_comes_in_by_another_file(bench: BulkBench) -> None:
    bench.run(bench.started(jsonl([order(1)])))
    key = order_id(SOURCE, "SO-000002")
    bench.outcome = BulkBench.leave
    left = bench.split(bench.started(jsonl([order(2)])))
    bench.worker(left.batch_id, 1)
    for event in (CANCELLATION, OrderCancelled("anna", "wrong size")):
        bench.fakes.repository().append(bench.fakes.order(key), event)
    bench.outcome = BulkBench.confirm
    bench.run(left)
    assert bench.counts(left) == BatchCounts(cancelled=1)
    again = bench.started(jsonl([order(2), order(3)]))
    bench.run(again)
    assert bench.counts(again) == BatchCounts(confirmed=2)


def test_a_number_that_stands_twice_in_a_file_is_counted_once_though_the_first_was_rejected(bench: BulkBench) -> None:
    bench.outcome, bench.window = BulkBench.reject, 1
    lines = [order(1), order(2), order(1), order(1, total="99.00")]
    batch = bench.started(jsonl(lines))
    report = bench.run(batch)
    assert [line["outcome"] for line in report] == ["accepted", "accepted", "duplicate", "invalid"]
    assert "another line of the same file" in report[3]["errors"][0]["message"]
    assert bench.fakes.order(report[0]["order_id"]).revision == 1


def accept(bench: BulkBench, batch: Batch, line: int, payload: dict[str, Any]) -> Any:
    accept_line = AcceptLine(Intake(bench.fakes.repository("Intake"), bench.fakes.workflow))
    record = FileRecord(line, json.dumps(payload))
    content = read_line(SOURCE, record)
    assert not hasattr(content, "outcome"), content
    return accept_line(batch.batch_id, record, content)


def test_a_line_that_brought_a_revision_is_accepted_whoever_asks_again(bench: BulkBench) -> None:
    """A page is worked on anew after a crash, when the order has been rejected, sent by phone and confirmed since."""
    bench.fakes.accept()
    key = order_id(SOURCE, "SO-100045")
    bench.reject(key)
    batch = bench.started(jsonl([{**order(0), "external_id": "SO-100045"}]))
    payload = {**order(0), "external_id": "SO-100045"}
    first = accept(bench, batch, 1, payload)
    assert (first.outcome, first.order_id, first.revision) == (LineOutcome.ACCEPTED, key, 2)
    assert bench.fakes.order(key).correlation_id == correlation_id_of(batch.batch_id, 1)
    bench.reject(key)
    assert accept(bench, batch, 1, payload).outcome is LineOutcome.ACCEPTED
    Intake(bench.fakes.repository("Intake"), bench.fakes.workflow).accept(bench.fakes.order(key).content, "by phone")
    bench.confirm(key)
    again = accept(bench, batch, 1, payload)
    assert (again.outcome, again.revision) == (LineOutcome.ACCEPTED, 3)
    assert bench.fakes.order(key).status is Status.CONFIRMED


# the read model is behind


class Rows:
    """The read model as it was when somebody last looked."""

    def __init__(self, bench: BulkBench) -> None:
        self.bench = bench

    def rows(self, order_ids: Sequence[str]) -> Mapping[str, OrderRow]:
        return self.bench.orders.rows(order_ids)


def test_a_row_of_the_revision_before_does_not_end_a_line(bench: BulkBench) -> None:
    key = bench.fakes.accept()
    bench.reject(key)
    bench.fakes.project(key)
    batch = bench.started(jsonl([{**order(0), "external_id": "SO-100045"}]))
    result = accept(bench, batch, 1, {**order(0), "external_id": "SO-100045"})
    page = Page(batch.batch_id, 1, 1, bench.fakes.clock.now()).after([result])
    settling = Settling(Rows(bench), bench.fakes.commands)
    assert settling.running(page).counts == BatchCounts(running=1)
    bench.fakes.project(key)
    assert settling.running(page).counts == BatchCounts(running=1)
    bench.confirm(key)
    bench.fakes.project(key)
    assert settling.running(page).counts == BatchCounts(confirmed=1)


def test_orders_of_a_page_are_looked_up_by_id_and_known_by_revision(bench: BulkBench) -> None:
    key = bench.fakes.accept()
    rows = bench.orders.rows([key])
    assert ids_of([key, f"{key}.2"]) == [key, key]
    assert standing([key, f"{key}.2", "o-unknown"], rows) == {key: Status.RECEIVED}


def test_the_report_of_a_revision_does_not_show_the_outcome_before(bench: BulkBench) -> None:
    key = bench.fakes.accept()
    bench.reject(key)
    bench.outcome = BulkBench.leave
    batch = bench.split(bench.started(jsonl([{**order(0), "external_id": "SO-100045"}])))
    bench.worker(batch.batch_id, 1)
    bench.fakes.projection.remove(key)
    bench.fakes.projection.put(OrderRow.of(fold(bench.fakes.events.load(key)[:3])))  # as it was before the file came
    (line,) = bench.report(batch)
    assert (line["outcome"], line["status"], line["reasons"]) == ("accepted", "RECEIVED", [])
