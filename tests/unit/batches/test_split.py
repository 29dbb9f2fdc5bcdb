"""How a file becomes pages: in one call or in many, with what is known only at its end, and what must be in it."""

from __future__ import annotations

import gzip
import hashlib
import json
from decimal import Decimal
from random import Random

import pytest

from chalicelib.batches import split
from chalicelib.batches.codec import decode_records
from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Batch, BatchState, Expected
from chalicelib.batches.object_keys import doubts_key, page_key
from chalicelib.batches.parsing.csv_mapping import CANONICAL
from chalicelib.batches.parsing.records import FileRecord
from chalicelib.domain.errors import DependencyUnavailable
from tests.support.bulk import SOURCE, BulkBench, jsonl, order
from tests.support.faults.faults import Killed
from tests.support.files.damage import Style, rows_of, text_of

STYLE = Style(with_total=True)


@pytest.fixture
def bench() -> BulkBench:
    bench = BulkBench()
    bench.mappings.texts[SOURCE, "default"] = STYLE.mapping
    return bench


def csv_file(orders: int, seed: int = 1) -> str:
    return text_of(rows_of(Random(seed), orders, STYLE, digits=7))


class OnePageACall(BulkBench):
    """The time of every call is up when it has written a page."""

    def __post_init__(self) -> None:
        super().__post_init__()
        bench, put = self, self.files.put
        self.mappings.texts[SOURCE, "default"] = STYLE.mapping

        class Slow(type(self.files)):  # type: ignore[misc]
            def put(self, key: str, data: bytes) -> str:
                bench.fakes.clock.advance(split.WORKING_TIME.total_seconds() + 1)
                return put(key, data)

        slow = Slow()
        slow.objects, slow.versions = self.files.objects, self.files.versions
        self.files = slow


def pages_of(bench: BulkBench, batch: Batch) -> list[list[FileRecord]]:
    numbers = range(1, batch.pages + 1)
    return [decode_records(bench.files.get(page_key(batch.batch_id, number))) for number in numbers]


TORN = csv_file(230).replace("SO-0000003;", "SO-0000200;").replace("SO-0000150;", "#N/A;", 1) + "SO-0000007;short\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (csv_file(330).encode(), "csv"),
        (TORN.encode(), "csv"),
        (gzip.compress(TORN.encode(), mtime=0), "csv"),
        (csv_file(230).encode("utf-16"), "csv"),
        (csv_file(230).replace("\n", "\r\n").encode(), "csv"),
        (csv_file(230).replace("\n", "\r").encode(), "csv"),
        (jsonl(order(n) for n in range(330)).replace(b"\n", b"\n\n"), "jsonl"),
        (json.dumps([order(n, remark='\\"]},') for n in range(330)], indent=1).encode(), "json"),
        (json.dumps([order(n) for n in range(300)]).encode("utf-16"), "json"),
    ],
    ids=["csv", "torn", "gzip", "utf-16", "crlf", "cr", "jsonl", "json", "json-utf-16"],
)
def test_a_file_that_takes_many_calls_becomes_the_same_pages(data: bytes, kind: str) -> None:
    once, often = BulkBench(), OnePageACall()
    once.mappings.texts[SOURCE, "default"] = STYLE.mapping
    more = {"encoding": "utf-16"} if data.startswith(b"\xff\xfe") else {}
    first, second = (bench.split(bench.started(data, kind, **more)) for bench in (once, often))
    assert first.pages >= 3
    assert pages_of(once, first) == pages_of(often, second)
    assert (first.lines, first.file, first.doubtful) == (second.lines, second.file, second.doubtful)
    if first.doubtful:
        assert once.files.get(doubts_key(first.batch_id)) == often.files.get(doubts_key(second.batch_id))


def test_an_order_whose_rows_stand_far_apart_is_not_taken(bench: BulkBench) -> None:
    rows = csv_file(400).splitlines(keepends=True)
    torn = "SO-0000002"
    moved = next(place for place, row in enumerate(rows) if row.startswith(torn))
    rows.append(rows[moved].replace("SKU-2-1", "SKU-2-9"))
    report = bench.run(bench.started("".join(rows).encode(), "csv"))
    told = [line for line in report if line["external_id"] == torn]
    assert [line["outcome"] for line in told] == ["invalid", "invalid"]
    assert told[1]["last_line"] == len(rows)
    assert "do not follow each other" in told[0]["errors"][0]["message"]
    assert sum(line["outcome"] == "accepted" for line in report) == 399


def test_the_accounting_is_of_the_file(bench: BulkBench) -> None:
    text = csv_file(20).replace("\n", "\n\n")
    batch = bench.started(text.encode(), "csv")
    report = bench.run(batch)
    file = bench.batch(batch.batch_id).file
    assert file is not None
    assert file.lines == text.count("\n") == file.header + file.blank + file.records
    covered = sum(line["last_line"] - line["line"] + 1 for line in report)
    assert covered == file.records


TOTAL = str(sum(Decimal(order(n)["total"]) for n in range(7)))
SEVEN = jsonl(order(n) for n in range(7))


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        (Expected(orders=7), ""),
        (Expected(orders=8), "it holds 7 orders, expected are 8"),
        (Expected(total_by_currency={"EUR": TOTAL}), ""),
        (Expected(total_by_currency={"EUR": TOTAL, "CHF": "1"}), "its totals in CHF are 0, expected is 1"),
        (Expected(total_by_currency={"CHF": "0"}), f"its totals in EUR are {TOTAL}, expected is nothing"),
        (Expected(bytes=len(SEVEN)), ""),
        (Expected(bytes=len(SEVEN) - 1), f"it has {len(SEVEN)} bytes, expected are {len(SEVEN) - 1}"),
        (Expected(sha256=hashlib.sha256(SEVEN).hexdigest().upper()), ""),
        (Expected(sha256="0" * 64), "its SHA-256 is"),
    ],
)
def test_a_file_that_is_not_what_was_announced_is_refused_before_any_order(
    bench: BulkBench, expected: Expected, problem: str
) -> None:
    upload = bench.upload(SEVEN, expected=expected)
    batch = bench.split(bench.batch(upload.batch_id)) if upload.batch_id else None
    found = batch.problem if batch else upload.problem
    assert problem in found
    assert bool(found) == bool(problem)
    assert not list(bench.fakes.events.order_ids())


def test_sums_are_of_the_whole_file_however_many_calls_it_takes() -> None:
    bench = OnePageACall()
    data = jsonl(order(n) for n in range(250))
    total = str(sum(Decimal(order(n)["total"]) for n in range(250)))
    right = bench.upload(data, expected=Expected(orders=250, total_by_currency={"EUR": total}))
    assert bench.split(bench.batch(right.batch_id)).state is BatchState.RUNNING


def test_the_end_of_a_file_that_was_announced_needs_no_line_end(bench: BulkBench) -> None:
    data = csv_file(3).removesuffix("\n")
    upload = bench.upload(data.encode(), "csv", expected=Expected(orders=3))
    assert [line["outcome"] for line in bench.run(bench.batch(upload.batch_id))] == ["accepted"] * 3


def test_both_of_two_files_that_were_sent_through_one_form_are_taken_in(bench: BulkBench) -> None:
    """The second replaces the object before the notice of the first is handled."""
    first, second = jsonl([order(1)]), jsonl([order(2)])
    upload, _ = bench.service.offer(SOURCE, bench.started(jsonl([order(3)])).format, "utf-8", "default")
    versions = [bench.files.put(upload.key, data) for data in (first, second)]
    batches = [bench.start(upload.key, version) for version in versions]
    for batch, number in zip(batches, ("SO-000001", "SO-000002"), strict=True):
        assert batch is not None
        assert [line["external_id"] for line in bench.run(batch)] == [number]


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (json.dumps([order(1), order(2)]).encode(), "jsonl", "looks like a JSON array, whose format is json"),
        (json.dumps(order(1), indent=2).encode(), "jsonl", "looks like JSON over several lines"),
        (b"a;b;c\n1;2;3\n", "jsonl", "looks like CSV"),
        (b"[[1], [2], [3]]", "json", "none of the first 3 records can be read as json"),
    ],
)
def test_a_file_of_which_no_record_can_be_read_is_refused(bench: BulkBench, data: bytes, kind: str, said: str) -> None:
    batch = bench.split(bench.started(data, kind))
    assert batch.state is BatchState.REFUSED
    assert said in batch.problem


def test_a_batch_of_which_nothing_was_accepted_says_so(bench: BulkBench) -> None:
    batch = bench.started(jsonl([{"external_id": "SO-1"}, {"external_id": "SO-2"}]))
    bench.run(batch)
    ended = bench.batch(batch.batch_id)
    assert ended.state is BatchState.NOTHING_ACCEPTED
    assert "none of the 2 orders was accepted" in ended.problem


def test_the_mapping_in_force_is_that_of_the_offer(bench: BulkBench) -> None:
    upload, _ = bench.service.offer(SOURCE, bench.started(csv_file(1).encode(), "csv").format, "utf-8", "default")
    bench.mappings.texts[SOURCE, "default"] = CANONICAL
    bench.files.put(upload.key, csv_file(2).encode())
    batch = bench.start(upload.key)
    assert batch is not None
    assert batch.mapping == STYLE.mapping


def test_a_mapping_that_is_not_there_is_refused_at_the_offer(bench: BulkBench) -> None:
    with pytest.raises(BrokenFile, match="no CSV mapping returns of source"):
        bench.upload(b"", "csv", mapping="returns")


def failing(bench: BulkBench, error: BaseException) -> None:
    class Failing(type(bench.files)):  # type: ignore[misc]
        def put(self, key: str, data: bytes) -> str:
            raise error

    files = Failing()
    files.objects, files.versions = bench.files.objects, bench.files.versions
    bench.files = files


def test_a_file_that_no_call_can_split_is_refused_after_two(bench: BulkBench) -> None:
    batch = bench.started(SEVEN)
    failing(bench, Killed())
    for _ in range(2):
        with pytest.raises(Killed):
            bench.split(batch)
    refused = bench.split(batch)
    assert refused.state is BatchState.REFUSED
    assert "could not be read 2 times" in refused.problem


def test_a_dependency_that_fails_is_not_the_fault_of_the_file(bench: BulkBench) -> None:
    batch = bench.started(SEVEN)
    files = bench.files
    failing(bench, DependencyUnavailable("S3", "slow down"))
    for _ in range(5):
        with pytest.raises(DependencyUnavailable):
            bench.split(batch)
    bench.files = files
    assert bench.split(batch).state is BatchState.RUNNING
