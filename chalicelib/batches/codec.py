"""Records and results as JSON lines, for the objects of a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from chalicelib.batches.model import Result
from chalicelib.batches.parsing.records import Record

Line = TypeVar("Line", Record, Result)

_encoder = msgspec.json.Encoder()


def encode_lines(lines: Iterable[Record] | Iterable[Result]) -> bytes:
    return _encoder.encode_lines(lines)


def decode_records(data: bytes) -> list[Record]:
    return msgspec.json.Decoder(Record).decode_lines(data)


def decode_results(data: bytes) -> list[Result]:
    return msgspec.json.Decoder(Result).decode_lines(data)
