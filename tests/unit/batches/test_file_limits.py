"""Files beyond a limit are refused before any of their orders is accepted, and say what to do."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import BatchState
from chalicelib.batches.parsing.csv.gathered import MAX_ROWS
from chalicelib.batches.parsing.csv.header import MAX_COLUMNS
from chalicelib.batches.parsing.json_array import MAX_ELEMENT_BYTES
from chalicelib.batches.parsing.lines import MAX_BLANK_LINES
from chalicelib.batches.parsing.unpack import MAX_MEMBERS, PIECE_BYTES, content
from chalicelib.batches.split import MAX_LINES
from tests.support.bulk import SOURCE, BulkBench
from tests.support.files.damage import HEADER, Style


def refused(data: bytes, kind: str) -> str:
    """Why the file is refused; nothing of it has been accepted."""
    bench = BulkBench()
    batch = bench.split(bench.started(data, kind))
    assert batch.state is BatchState.REFUSED
    assert bench.fakes.workflow.started == []
    return batch.problem


def test_a_file_that_is_too_large_unpacked_is_refused() -> None:
    piece = bytes([10]) * PIECE_BYTES

    def endless() -> Iterator[bytes]:
        while True:
            yield piece

    with pytest.raises(BrokenFile, match="more than 4,000,000,000 bytes: split it"):
        sum(len(part) for part in content(endless()))


@pytest.mark.slow
def test_a_gzip_file_of_too_many_parts_is_refused() -> None:
    hundred = gzip.compress(b"", mtime=0) * 100
    with pytest.raises(BrokenFile, match="more than 200,000 parts: compress it in one"):
        list(content(hundred for _ in range(MAX_MEMBERS // 100 + 1)))


@pytest.mark.slow
def test_a_file_of_too_many_orders_is_refused_before_any_is_accepted() -> None:
    assert "more than 1,000,000 orders: split it" in refused(b"{}\n" * (MAX_LINES + 1), "jsonl")


def test_an_element_without_an_end_is_refused() -> None:
    said = refused(b'[{"a": ["' + b"x" * (MAX_ELEMENT_BYTES + 1), "json")
    assert "longer than 16,000,000 bytes: is there a bracket or a quote that does not close?" in said


def test_too_many_blank_lines_are_refused() -> None:
    assert "more than 1,000,000 blank lines" in refused(b"{}" + b"\n" * (MAX_BLANK_LINES + 2), "jsonl")


def test_too_many_columns_are_refused() -> None:
    header = ",".join(f"c{number}" for number in range(MAX_COLUMNS + 1))
    assert "more than 2,000 columns" in refused(f"{header}\n1\n".encode(), "csv")


def test_too_many_rows_of_one_number_are_refused() -> None:
    row = "A;2026-11-23T10:15:00Z;C-1001;EUR;0;Ana;Weg 1;Wien;1010;AT;1;S-1;1;10.00;0;"
    bench = BulkBench()
    bench.mappings.texts[SOURCE, "default"] = Style().mapping
    data = "\n".join([";".join(HEADER), *[row] * (MAX_ROWS + 1), ""]).encode()
    batch = bench.split(bench.started(data, "csv"))
    assert batch.state is BatchState.REFUSED
    assert "more than 10,000 rows have the same order number" in batch.problem
