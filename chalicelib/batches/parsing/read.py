"""The records of a batch, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.batches.model import Batch, Format
from chalicelib.batches.parsing import file, records
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.batches.parsing.csv_records import csv_records
from chalicelib.batches.parsing.records import FileRecord


def read(batch: Batch, chunks: Iterable[bytes]) -> Iterator[FileRecord]:
    """One record per order, in the order of the file, the same ones at every reading. Raises BrokenFile."""
    if batch.format is Format.CSV:
        mapping = parse_mapping(batch.mapping)
        return csv_records(file.text(chunks, mapping.encoding), mapping, batch.source)
    pieces = file.text(chunks, batch.encoding)
    return records.jsonl(pieces) if batch.format is Format.JSONL else records.json_array(pieces)
