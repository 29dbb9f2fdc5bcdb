"""Records and results as JSON lines, for the objects of a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from chalicelib.batches.model import LineResult
from chalicelib.batches.parsing.census import Doubts
from chalicelib.batches.parsing.records import FileRecord

Line = TypeVar("Line", FileRecord, LineResult)

_encoder = msgspec.json.Encoder()


def encode_lines(lines: Iterable[FileRecord] | Iterable[LineResult]) -> bytes:
    return _encoder.encode_lines(lines)


def decode_records(data: bytes) -> list[FileRecord]:
    return msgspec.json.Decoder(FileRecord).decode_lines(data)


def encode_doubts(doubts: Doubts) -> bytes:
    return msgspec.msgpack.encode(doubts)


def decode_doubts(data: bytes) -> Doubts:
    return msgspec.msgpack.decode(data, type=Doubts)


def decode_results(data: bytes) -> list[LineResult]:
    return msgspec.json.Decoder(LineResult).decode_lines(data)
