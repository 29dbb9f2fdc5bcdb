"""Timeouts fit together: what is waited for ends before the one who waits gives up."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from chalicelib.deploy.config.functions import BY_NAME, FUNCTIONS
from chalicelib.deploy.timeouts import QUEUE_BATCH, Waits, table
from chalicelib.workflow.table import ALL_STEPS


@pytest.mark.parametrize("row", list(table()), ids=lambda row: f"{row.outer} - {row.inner}")
def test_nobody_gives_up_before_what_he_waits_for(row: Waits) -> None:
    assert 0 < row.inner_s <= row.outer_s


def test_the_table_knows_every_function_state_and_queue() -> None:
    named = " ".join(f"{row.outer} {row.inner}" for row in table())
    without_aws_calls = {"authorize"}  # one attempt of a read; API Gateway's own limit is above it
    for function in FUNCTIONS:
        assert f"function {function.name}" in named or function.name in without_aws_calls
        assert not function.consumes or f"queue {function.consumes} hides" in named
    for step in ALL_STEPS:
        assert f"state {step.name}" in named
        assert BY_NAME[step.function].timeout_s < step.timeout_s


def test_consumers_get_as_many_messages_as_the_table_says() -> None:
    app: Any = import_module("app").app
    sources = [source for source in app.event_sources if hasattr(source, "batch_size")]
    assert {source.batch_size for source in sources} == {QUEUE_BATCH}
