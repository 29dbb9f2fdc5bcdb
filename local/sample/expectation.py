"""A sample order with the outcome that it must reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.sample.draft import Draft


@dataclass(frozen=True, slots=True)
class SampleOrder:
    """`payload` is the JSON for POST /orders; the reason code is that of the first reason, None unless rejected."""

    payload: dict[str, Any]
    expected_status: str
    expected_reason_code: str | None
    description: str


def confirmed(draft: Draft, description: str) -> SampleOrder:
    return SampleOrder(draft.payload(), "CONFIRMED", None, description)


def rejected(draft: Draft, reason_code: str, description: str) -> SampleOrder:
    return SampleOrder(draft.payload(), "REJECTED", reason_code, description)
