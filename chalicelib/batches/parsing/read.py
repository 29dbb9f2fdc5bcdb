"""The records of a batch, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.batches.model import Batch, Format
from chalicelib.batches.parsing.census import Census
from chalicelib.batches.parsing.csv.orders import CsvOrders
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.batches.parsing.file import plain_text
from chalicelib.batches.parsing.json_array import JsonArray
from chalicelib.batches.parsing.jsonl import JsonLines
from chalicelib.batches.parsing.records import Mark, Reader

START = Mark()


def reader(batch: Batch, chunks: Iterable[bytes], begin: Mark, census: Census) -> Reader:
    """One record per order, in the order of the file, from `begin` on. Raises BrokenFile."""
    if batch.format is Format.CSV:
        mapping = parse_mapping(batch.mapping)
        text = plain_text(chunks, mapping.encoding)
        return CsvOrders(text, mapping, batch.source, begin, census, batch.expected.vouches)
    text = plain_text(chunks, batch.encoding)
    return JsonLines(text, begin) if batch.format is Format.JSONL else JsonArray(text, begin)
