"""A step knows from the name of its execution which attempt it works for, and from no other name."""

from __future__ import annotations

import pytest

from chalicelib.domain.order import order_id
from chalicelib.workflow.execution import attempt_of, execution_name

KEY = order_id("sap-emea", "SO-1")


@pytest.mark.parametrize("attempt", [1, 2, 50, 1234])
def test_an_execution_s_name_tells_its_attempt(attempt: int) -> None:
    assert attempt_of(execution_name(KEY, attempt), KEY) == attempt


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-",
        KEY,
        f"{KEY}-",
        f"{KEY}-x",
        f"{KEY}-²",
        f"{KEY}--1",
        f"o-other-{1}",
        "8f14e45f-ceea-4e67-a3a4-123456789012",
    ],
)
def test_a_name_that_is_none_of_ours_tells_none(name: str) -> None:
    assert attempt_of(name, KEY) == 0
