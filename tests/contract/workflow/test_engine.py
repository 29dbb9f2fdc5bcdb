"""The workflow engine's contract, kept in memory and by Step Functions (moto) for STANDARD executions.

EXPRESS executions have neither names that are looked at nor a description, so they cannot keep it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.memory import MemoryWorkflowEngine
from chalicelib.adapters.step_functions import StepFunctionsBulkEngine, StepFunctionsEngine
from chalicelib.ports import WorkflowEngine
from chalicelib.workflow.bulk import first_input
from tests.contract.workflow.engine_contract import End, Executions, WorkflowEngineContract
from tests.support.aws import moto_client

DEFINITION = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}


class TestMemoryWorkflowEngine(WorkflowEngineContract):
    @pytest.fixture
    def adapter(self) -> WorkflowEngine:
        return MemoryWorkflowEngine()

    @pytest.fixture
    def executions(self, adapter: MemoryWorkflowEngine) -> Executions:
        return lambda: sorted((order_id, attempt) for order_id, _, attempt in adapter.started)

    @pytest.fixture
    def end(self, adapter: MemoryWorkflowEngine) -> End:
        return lambda order_id, attempt: adapter.ended.add((order_id, attempt))


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield moto_client("stepfunctions")


@pytest.fixture
def machine(client: Any) -> str:
    role = "arn:aws:iam::123456789012:role/workflow"
    made = client.create_state_machine(name="orders", definition=json.dumps(DEFINITION), roleArn=role)
    return str(made["stateMachineArn"])


def inputs(client: Any, machine: str) -> dict[str, Any]:
    """Name -> input of every execution."""
    found = client.list_executions(stateMachineArn=machine)["executions"]
    described = [client.describe_execution(executionArn=one["executionArn"]) for one in found]
    return {one["name"]: json.loads(one["input"]) for one in described}


class TestStepFunctionsEngine(WorkflowEngineContract):
    @pytest.fixture
    def adapter(self, client: Any, machine: str) -> WorkflowEngine:
        return StepFunctionsEngine(client, machine)

    @pytest.fixture
    def executions(self, client: Any, machine: str) -> Executions:
        def started() -> list[tuple[str, int]]:
            names = [name.rpartition("-") for name in inputs(client, machine)]
            return sorted((order_id, int(attempt)) for order_id, _, attempt in names)

        return started

    @pytest.fixture
    def end(self, client: Any, machine: str) -> End:
        executions = machine.replace(":stateMachine:", ":execution:")
        return lambda order_id, attempt: client.stop_execution(executionArn=f"{executions}:{order_id}-{attempt}")

    def test_an_execution_is_told_the_order_and_its_correlation_id(
        self, adapter: WorkflowEngine, client: Any, machine: str
    ) -> None:
        adapter.start("o-1", "correlation-1", 2)
        assert inputs(client, machine) == {"o-1-2": {"order_id": "o-1", "correlation_id": "correlation-1"}}


def test_every_attempt_of_a_batch_is_an_execution_of_its_own(client: Any, machine: str) -> None:
    engine = StepFunctionsBulkEngine(client, machine)
    assert all(engine.start("b-1", attempt) for attempt in (1, 2))
    assert inputs(client, machine) == {"b-1-1": first_input("b-1"), "b-1-2": first_input("b-1")}
    assert (engine.is_running("b-1", 2), engine.is_running("b-1", 3)) == (True, False)
