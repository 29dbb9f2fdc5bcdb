"""What every engine that runs the order workflow promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.ports import WorkflowEngine

Executions = Callable[[], list[tuple[str, int]]]
"""(order id, attempt) of every execution that was ever started, sorted."""

End = Callable[[str, int], None]
"""Ends the execution of an order's attempt."""


class WorkflowEngineContract:
    """Inherit, and override `adapter`, `executions` and `end`, which must belong together."""

    @pytest.fixture
    def adapter(self) -> WorkflowEngine:
        raise NotImplementedError

    @pytest.fixture
    def executions(self) -> Executions:
        raise NotImplementedError

    @pytest.fixture
    def end(self) -> End:
        raise NotImplementedError

    def test_an_attempt_is_started(self, adapter: WorkflowEngine, executions: Executions) -> None:
        assert adapter.start("o-1", "correlation-1", 1)
        assert executions() == [("o-1", 1)]

    def test_every_attempt_is_an_execution_of_its_own(self, adapter: WorkflowEngine, executions: Executions) -> None:
        assert all(adapter.start("o-1", "correlation-1", attempt) for attempt in (1, 2, 3, 12))
        assert adapter.start("o-2", "correlation-2", 1)
        assert executions() == [("o-1", 1), ("o-1", 2), ("o-1", 3), ("o-1", 12), ("o-2", 1)]

    def test_a_running_attempt_is_not_started_again(self, adapter: WorkflowEngine, executions: Executions) -> None:
        """What the second call answers is not promised: Step Functions says that it has started the execution."""
        for _ in range(2):
            adapter.start("o-1", "correlation-1", 1)
        assert executions() == [("o-1", 1)]

    def test_an_attempt_that_has_ended_is_not_started_again(
        self, adapter: WorkflowEngine, executions: Executions, end: End
    ) -> None:
        adapter.start("o-1", "correlation-1", 1)
        end("o-1", 1)
        assert not adapter.start("o-1", "correlation-1", 1)
        assert executions() == [("o-1", 1)]
        assert adapter.start("o-1", "correlation-1", 2)

    def test_an_attempt_runs_from_its_start_to_its_end(self, adapter: WorkflowEngine, end: End) -> None:
        assert not adapter.is_running("o-1", 1)
        adapter.start("o-1", "correlation-1", 1)
        assert adapter.is_running("o-1", 1)
        assert not adapter.is_running("o-1", 2)
        assert not adapter.is_running("o-2", 1)
        adapter.start("o-1", "correlation-1", 2)
        end("o-1", 1)
        assert not adapter.is_running("o-1", 1)
        assert adapter.is_running("o-1", 2)
