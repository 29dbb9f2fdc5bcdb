"""The engine that runs the order workflow."""

from __future__ import annotations

from typing import Protocol


class WorkflowEngine(Protocol):
    """Starts the order workflow."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        """Start attempt `attempt`; False if that attempt was started before. Raises DependencyUnavailable."""
        ...

    def is_running(self, order_id: str, attempt: int) -> bool:
        """Whether that attempt runs now; False if it has ended or was never started. Raises DependencyUnavailable."""
        ...
