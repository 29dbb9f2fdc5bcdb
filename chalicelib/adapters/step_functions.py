"""The order workflow and the bulk state machine on Step Functions.

An execution's name is made from the business key and the attempt, so an attempt starts once. Names are free again 90
days after an execution has closed, and EXPRESS does not look at them at all; then the steps' own idempotency keeps a
second execution harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import aws_errors_translated
from chalicelib.workflow.bulk import first_input
from chalicelib.workflow.execution import execution_name

_DEPENDENCY = "step functions"


@dataclass(frozen=True, slots=True)
class StepFunctionsEngine:
    """ports.WorkflowEngine."""

    client: Any
    state_machine_arn: str

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        order = {"order_id": order_id, "correlation_id": correlation_id}
        return _start(self.client, self.state_machine_arn, execution_name(order_id, attempt), order)

    def is_running(self, order_id: str, attempt: int) -> bool:
        return _is_running(self.client, self.state_machine_arn, execution_name(order_id, attempt))


@dataclass(frozen=True, slots=True)
class StepFunctionsBulkEngine:
    """batches.ports.BulkEngine."""

    client: Any
    state_machine_arn: str

    def start(self, batch_id: str, attempt: int) -> bool:
        return _start(self.client, self.state_machine_arn, execution_name(batch_id, attempt), first_input(batch_id))

    def is_running(self, batch_id: str, attempt: int) -> bool:
        return _is_running(self.client, self.state_machine_arn, execution_name(batch_id, attempt))


def _start(client: Any, state_machine_arn: str, name: str, execution_input: Mapping[str, object]) -> bool:
    """False if an execution of that name was started before. Raises as `translated`."""
    with aws_errors_translated(_DEPENDENCY):
        try:
            client.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(execution_input))
        except client.exceptions.ExecutionAlreadyExists:
            return False
    return True


def _is_running(client: Any, state_machine_arn: str, name: str) -> bool:
    """False if the execution has ended or was never started. Raises as `translated`."""
    executions = state_machine_arn.replace(":stateMachine:", ":execution:")
    with aws_errors_translated(_DEPENDENCY):
        try:
            execution = client.describe_execution(executionArn=f"{executions}:{name}")
        except client.exceptions.ExecutionDoesNotExist:
            return False
    return bool(execution["status"] == "RUNNING")
