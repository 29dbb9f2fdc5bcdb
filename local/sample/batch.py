"""A file of orders as a night brings them: of every hundred lines one is no order, one a duplicate, one sold out, one
declined; the others are confirmed. Line n of a seed depends on nothing but the two.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local.sample.draft import Draft
from local.sample.stream import order_at

INVALID, DUPLICATE, SOLD_OUT, DECLINED = 7, 23, 41, 67
"""Lines of every hundred, counted from 0."""

CONFIRMED, REJECTED = "CONFIRMED", "REJECTED"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """The text of a line, and what its report must say: a status if it is accepted, else the outcome."""

    text: str
    expected: str


def batch_lines(seed: int, count: int) -> Iterator[BatchLine]:
    """`count` lines. A file of less than 100 has as many special lines as it reaches."""
    last = ""
    for number in range(count):
        line = _line(seed, number, last)
        last = line.text if line.expected == CONFIRMED else last
        yield line


def batch_file(seed: int, count: int) -> tuple[bytes, Counter[str]]:
    """The JSONL, and how many of its lines must come to what."""
    lines = list(batch_lines(seed, count))
    return "".join(line.text + "\n" for line in lines).encode(), Counter(line.expected for line in lines)


def _line(seed: int, number: int, last: str) -> BatchLine:
    kind = number % 100
    if kind == DUPLICATE:
        return BatchLine(last, "duplicate")
    payload = _right_order(seed, number)
    if kind == INVALID:
        return BatchLine(_text({key: value for key, value in payload.items() if key != "currency"}), "invalid")
    if kind == SOLD_OUT:
        return BatchLine(_text(Draft(_number(seed, number), "C-1001", (("COMPRESSOR-50", 1),)).payload()), REJECTED)
    if kind == DECLINED:
        payment = {"method": "card", "token": "pm_card_visa_chargeDeclined"}
        return BatchLine(_text({**payload, "payment": payment}), REJECTED)
    return BatchLine(_text(payload), CONFIRMED)


def _right_order(seed: int, number: int) -> dict[str, Any]:
    """The stream has wrong orders too, which would blur the counts."""
    sample = next(
        sample for sample in (order_at(seed, number + 10_000_000 * n) for n in range(50)) if _is_right(sample)
    )
    return {**sample.payload, "external_id": _number(seed, number)}


def _is_right(sample: Any) -> bool:
    return bool(sample.expected_status == CONFIRMED and sample.payload["payment"]["method"] == "card")


def _number(seed: int, number: int) -> str:
    return f"BT-{seed}-{number:07}"


def _text(payload: dict[str, Any]) -> str:
    return json.dumps(payload, separators=(",", ":"))
