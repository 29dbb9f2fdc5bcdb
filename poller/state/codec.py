"""Poller state as JSON text and bytes; cursor values keep their types."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.timestamps import format_utc, parse_utc
from chalicelib.mapping.values import Value
from poller.database.keyset import Bound, Position
from poller.state.ports import Chunk, ChunkIndex, HorizonMark, Watermark

HASH_BYTES = 8


def encode_value(value: Value) -> Any:
    """JSON for one database value: text, numbers, booleans and null as they are, the rest tagged."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # lone surrogates are not JSON
    if value is None or isinstance(value, bool | int | float):
        return value
    return {"text": str(value)}  # a driver's own type, such as a UUID or a time of day


def decode_value(value: Any) -> Value:
    if not isinstance(value, dict):
        return value  # type: ignore[no-any-return]
    ((kind, text),) = value.items()
    if kind == "decimal":
        return Decimal(text)
    if kind == "bytes":
        return bytes.fromhex(text)
    if kind == "time":
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if kind == "date" else str(text)


def key_text(key: Position) -> str:
    """A row's key as compact JSON, without CHAR padding: the same row always has the same."""
    return json.dumps(
        [encode_value(value.rstrip() if isinstance(value, str) else value) for value in key], separators=(",", ":")
    )


def key_of(text: str) -> Position:
    return tuple(decode_value(value) for value in json.loads(text))


def encode_watermark(watermark: Watermark) -> str:
    return json.dumps(
        {
            "floor": _bound(watermark.floor),
            "position": _position(watermark.position),
            "candidate": _bound(watermark.candidate),
            "pass_started_at": _time(watermark.pass_started_at),
            "passed_at": _time(watermark.passed_at),
            "marks": [[_time(mark.at), mark.token, _position(mark.position)] for mark in watermark.marks],
            "types": dict(watermark.types),
            "fingerprint": watermark.fingerprint,
            "stopped": watermark.stopped,
            "saved_at": _time(watermark.saved_at),
        },
        separators=(",", ":"),
    )


def decode_watermark(text: str) -> Watermark:
    raw = json.loads(text)
    return Watermark(
        floor=_bound_of(raw["floor"]),
        position=_position_of(raw["position"]),
        candidate=_bound_of(raw["candidate"]),
        pass_started_at=_time_of(raw["pass_started_at"]),
        passed_at=_time_of(raw["passed_at"]),
        marks=tuple(
            HorizonMark(parse_utc(at), token, _position_of(position) or ()) for at, token, position in raw["marks"]
        ),
        types=raw["types"],
        fingerprint=raw["fingerprint"],
        stopped=raw["stopped"],
        saved_at=_time_of(raw["saved_at"]),
    )


def encode_index(index: ChunkIndex) -> str:
    return json.dumps({"next": index.next_number, "ranges": [[n, _position(end)] for n, end in index.ranges]})


def decode_index(text: str) -> ChunkIndex:
    raw = json.loads(text)
    return ChunkIndex(tuple((number, _position_of(end)) for number, end in raw["ranges"]), raw["next"])


def encode_chunk(chunk: Chunk) -> bytes:
    """16 bytes a row."""
    return b"".join(key + row for key, row in chunk.hashes.items())


def decode_chunk(data: bytes) -> Chunk:
    step = 2 * HASH_BYTES
    pieces = (data[start : start + step] for start in range(0, len(data), step))
    return Chunk({piece[:HASH_BYTES]: piece[HASH_BYTES:] for piece in pieces})


def _position(position: Position | None) -> list[Any] | None:
    return None if position is None else [encode_value(value) for value in position]


def _position_of(raw: list[Any] | None) -> Position | None:
    return None if raw is None else tuple(decode_value(value) for value in raw)


def _bound(bound: Bound | None) -> list[Any] | None:
    return None if bound is None else [_position(bound.position), bound.inclusive]


def _bound_of(raw: list[Any] | None) -> Bound | None:
    return None if raw is None else Bound(_position_of(raw[0]) or (), raw[1])


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)
