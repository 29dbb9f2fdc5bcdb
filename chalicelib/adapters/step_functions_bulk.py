"""The bulk state machine on Step Functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.aws.errors import translated
from chalicelib.workflow.bulk import first_input

_DEPENDENCY = "step functions"


@dataclass(frozen=True, slots=True)
class StepFunctionsBulkEngine:
    """batches.ports.BulkEngine. An execution's name is the batch's id and the attempt, so an attempt starts once."""

    client: Any
    state_machine_arn: str

    def start(self, batch_id: str, attempt: int) -> bool:
        with translated(_DEPENDENCY):
            try:
                self.client.start_execution(
                    stateMachineArn=self.state_machine_arn,
                    name=f"{batch_id}-{attempt}",
                    input=json.dumps(first_input(batch_id)),
                )
            except self.client.exceptions.ExecutionAlreadyExists:
                return False
        return True

    def is_running(self, batch_id: str, attempt: int) -> bool:
        executions = self.state_machine_arn.replace(":stateMachine:", ":execution:")
        with translated(_DEPENDENCY):
            try:
                execution = self.client.describe_execution(executionArn=f"{executions}:{batch_id}-{attempt}")
            except self.client.exceptions.ExecutionDoesNotExist:
                return False
        return bool(execution["status"] == "RUNNING")
