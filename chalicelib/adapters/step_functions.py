"""The order workflow on Step Functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import translated


@dataclass(frozen=True, slots=True)
class StepFunctionsEngine:
    """ports.WorkflowEngine. An execution's name is the order's id and the attempt, so an attempt starts once.

    Names are free again 90 days after an execution has closed, and EXPRESS does not look at them at all; then the
    steps' own idempotency keeps a second execution harmless.
    """

    client: Any
    state_machine_arn: str

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        execution_input = json.dumps({"order_id": order_id, "correlation_id": correlation_id})
        with translated("step functions"):
            try:
                self.client.start_execution(
                    stateMachineArn=self.state_machine_arn, name=_name(order_id, attempt), input=execution_input
                )
            except self.client.exceptions.ExecutionAlreadyExists:
                return False
        return True

    def is_running(self, order_id: str, attempt: int) -> bool:
        with translated("step functions"):
            try:
                execution = self.client.describe_execution(executionArn=self._execution_arn(order_id, attempt))
            except self.client.exceptions.ExecutionDoesNotExist:
                return False
        return bool(execution["status"] == "RUNNING")

    def _execution_arn(self, order_id: str, attempt: int) -> str:
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:')}:{_name(order_id, attempt)}"


def _name(order_id: str, attempt: int) -> str:
    return f"{order_id}-{attempt}"
