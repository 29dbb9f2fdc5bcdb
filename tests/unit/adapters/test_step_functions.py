"""The names of executions: one for each attempt of each order and batch, because a name is used once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from chalicelib.adapters.step_functions import StepFunctionsBulkEngine, StepFunctionsEngine
from chalicelib.domain.order import order_id
from chalicelib.workflow.bulk import first_input

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:orders"


class AlreadyExists(Exception):
    pass


class DoesNotExist(Exception):
    pass


class Exceptions:
    """What a client calls its exceptions."""

    ExecutionAlreadyExists = AlreadyExists
    ExecutionDoesNotExist = DoesNotExist


@dataclass
class StepFunctions:
    """A name is taken for good by the first execution that has it; `ended` ones do not run."""

    inputs: dict[str, Any] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    exceptions = Exceptions

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> None:
        assert stateMachineArn == MACHINE
        assert len(name) <= 80, "the limit of the service"
        if name in self.inputs:
            raise AlreadyExists(name)
        self.inputs[name] = json.loads(input)

    def describe_execution(self, executionArn: str) -> dict[str, str]:
        executions, _, name = executionArn.rpartition(":")
        assert executions == MACHINE.replace("stateMachine", "execution")
        if name not in self.inputs:
            raise DoesNotExist(name)
        return {"status": "ABORTED" if name in self.ended else "RUNNING"}


Start = Callable[[Any, str, int], bool]
ENGINES: dict[str, Start] = {
    "orders": lambda client, key, attempt: StepFunctionsEngine(client, MACHINE).start(key, "correlation-1", attempt),
    "batches": lambda client, key, attempt: StepFunctionsBulkEngine(client, MACHINE).start(key, attempt),
}
KEYS = [order_id("sap-emea", f"SO-{number}") for number in range(3)]


@pytest.mark.parametrize("start", ENGINES.values(), ids=ENGINES)
def test_every_attempt_has_a_name_of_its_own(start: Start) -> None:
    service = StepFunctions()
    attempts = list(product(KEYS, [1, 2, 11, 50, 100]))
    assert all(start(service, key, attempt) for key, attempt in attempts)
    assert len(service.inputs) == len(attempts)


@pytest.mark.parametrize("start", ENGINES.values(), ids=ENGINES)
def test_an_attempt_has_the_same_name_every_time(start: Start) -> None:
    service = StepFunctions()
    assert [start(service, KEYS[0], 2) for _ in range(3)] == [True, False, False]
    assert list(service.inputs) == [f"{KEYS[0]}-2"]


def test_an_execution_is_told_what_it_works_on() -> None:
    service = StepFunctions()
    StepFunctionsEngine(service, MACHINE).start("o-1", "correlation-1", 1)
    StepFunctionsBulkEngine(service, MACHINE).start("b-1", 1)
    assert service.inputs == {
        "o-1-1": {"order_id": "o-1", "correlation_id": "correlation-1"},
        "b-1-1": first_input("b-1"),
    }


@pytest.mark.parametrize("kind", [StepFunctionsEngine, StepFunctionsBulkEngine])
def test_the_attempt_that_is_asked_for_is_looked_at(
    kind: type[StepFunctionsEngine] | type[StepFunctionsBulkEngine],
) -> None:
    service = StepFunctions({"k-1": {}, "k-2": {}}, ended={"k-1"})
    assert [kind(service, MACHINE).is_running("k", attempt) for attempt in (1, 2, 3)] == [False, True, False]
