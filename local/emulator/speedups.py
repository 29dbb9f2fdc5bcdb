"""What makes MiniStack slow without making it more like AWS, left out."""

from __future__ import annotations

import gc
from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator

POLICIES = 1_000
"""More than any stack here has; their documents are small."""


def parse_policies_once() -> None:
    """IAM policies are kept as JSON text, and parsed twice for every API call of a function."""
    upstream = iam_evaluator.parse_policy_document
    parsed = lru_cache(POLICIES)(upstream)

    def parse_policy_document(document: str | dict[str, Any]) -> list[Any]:
        return list(parsed(document)) if isinstance(document, str) else list(upstream(document))

    iam_evaluator.parse_policy_document = parse_policy_document


def leave_old_objects_alone() -> None:
    """Every execution, event and log line stays in memory, and a look at all of them for cycles stops the server.

    After some ten thousand orders that is for longer than clients wait. Young cycles are still collected.
    """
    young, middle, never = 50_000, 20, 1_000_000
    gc.set_threshold(young, middle, never)
