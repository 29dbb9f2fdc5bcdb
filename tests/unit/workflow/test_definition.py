"""The state machine: what it promises can be read off its definition."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from chalicelib.domain.errors import Rejection, TransientError, subclasses
from chalicelib.steps.handle_failure import Handled
from chalicelib.workflow.definition import definition, function_names
from chalicelib.workflow.mermaid import mermaid
from chalicelib.workflow.table import COMPENSATIONS, STEPS
from tests.support.state_machine import next_task

MACHINE = definition(lambda function: f"arn:aws:lambda:eu-central-1:123456789012:function:{function}:live")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def catcher(state: str, error: str) -> str:
    """Where the first catcher that names the error leads, as Step Functions looks for it."""
    catchers = STATES[state]["Catch"]
    return str(next(c["Next"] for c in catchers if error in c["ErrorEquals"] or c["ErrorEquals"] == ["States.ALL"]))


def test_the_happy_path_is_four_tasks_and_nothing_else() -> None:
    path, state = [], MACHINE["StartAt"]
    while state:
        path.append(state)
        assert STATES[state]["Type"] == "Task"
        state = STATES[state].get("Next", "")
    assert path == ["ValidateOrder", "ReserveInventory", "CapturePayment", "ConfirmOrder"]


@pytest.mark.parametrize("state", [step.name for step in STEPS])
@pytest.mark.parametrize("error", [name for name in subclasses(Rejection) if name != "Rejection"])
def test_no_rejection_is_taken_for_a_technical_failure(state: str, error: str) -> None:
    own = {name for step in STEPS if step.name != state for name in subclasses(*step.rejects)}
    if error not in own:
        assert catcher(state, error) in ("RefundPayment", "ReleaseInventory", "RejectOrder")


@pytest.mark.parametrize(
    ("state", "error", "leads_to"),
    [
        ("ValidateOrder", "InvalidOrder", "RejectOrder"),
        ("ReserveInventory", "InsufficientStock", "ReleaseInventory"),
        ("CapturePayment", "PaymentDeclined", "RefundPayment"),
        ("ConfirmOrder", "ConfirmationRefused", "RefundPayment"),
        ("ValidateOrder", "Cancelled", "RefundPayment"),
        ("ConfirmOrder", "AlreadyRejected", "RefundPayment"),
        ("ValidateOrder", "KeyError", "HandleFailure"),
        ("ReleaseInventory", "DependencyUnavailable", "HandleFailure"),
        ("RejectOrder", "Misconfigured", "HandleFailure"),
    ],
)
def test_where_an_error_leads(state: str, error: str, leads_to: str) -> None:
    assert catcher(state, error) == leads_to


def test_compensations_run_in_reverse_and_end_in_rejection() -> None:
    assert [step.name for step in COMPENSATIONS] == ["RefundPayment", "ReleaseInventory"]
    assert STATES["RefundPayment"]["Next"] == "ReleaseInventory"
    assert STATES["ReleaseInventory"]["Next"] == "RejectOrder"
    assert STATES["RejectOrder"]["End"] is True


@pytest.mark.parametrize(
    ("handled", "leads_to"),
    [(Handled.UNDO, "RefundPayment"), (Handled.SETTLED, "OrderWentOn"), (Handled.PARKED, "OrderParked")],
)
def test_what_becomes_of_a_failed_order_decides_where_its_execution_goes(handled: str, leads_to: str) -> None:
    assert next_task(STATES, STATES["HandleFailure"]["Next"], handled) == leads_to
    assert set(Handled) == {"UNDO", "SETTLED", "FAILED"}


def test_before_an_order_is_undone_the_failure_is_forgotten() -> None:
    """HandleFailure takes the first failure that it finds: that of a compensation must be the only one then."""
    undo = STATES["Undo"]
    assert "ResultPath" not in undo
    assert set(undo["Parameters"]) == {"order_id.$", "correlation_id.$"}


@pytest.mark.parametrize("state", TASKS)
def test_every_task_has_a_timeout_and_jittered_retries(state: str) -> None:
    task = TASKS[state]
    assert 0 < task["TimeoutSeconds"] <= 60
    for retrier in task["Retry"]:
        assert retrier["JitterStrategy"] == "FULL"
        assert retrier["BackoffRate"] > 1
        assert retrier["MaxDelaySeconds"] >= retrier["IntervalSeconds"]


@pytest.mark.parametrize("state", TASKS)
def test_every_passing_error_is_retried_and_no_rejection_is(state: str) -> None:
    retried = {name for retrier in TASKS[state]["Retry"] for name in retrier["ErrorEquals"]}
    assert set(subclasses(TransientError)) <= retried
    assert {"Lambda.TooManyRequestsException", "Lambda.ServiceException", "States.Timeout"} <= retried
    assert not set(subclasses(Rejection)) & retried
    assert "States.ALL" not in retried


def test_an_open_circuit_waits_longer_than_anything_else() -> None:
    for task in TASKS.values():
        first, *others = task["Retry"]
        assert first["ErrorEquals"] == ["CircuitOpen"]
        assert all(first["IntervalSeconds"] > other["IntervalSeconds"] for other in others)


def test_compensations_are_retried_longest() -> None:
    forward = max(r["MaxAttempts"] for step in STEPS for r in STATES[step.name]["Retry"])
    assert all(r["MaxAttempts"] > forward for step in COMPENSATIONS for r in STATES[step.name]["Retry"])


@pytest.mark.parametrize("state", TASKS)
def test_only_identifiers_travel(state: str) -> None:
    """HandleFailure's answer alone is kept for a moment: a Choice goes by it."""
    task = TASKS[state]
    assert task["ResultPath"] == ("$.handled" if state == "HandleFailure" else None)
    assert set(task["Parameters"]) - {"failure.$"} == {"order_id.$", "correlation_id.$", "execution.$", "retry.$"}


def test_express_allows_no_more_than_five_minutes() -> None:
    assert definition(str, "EXPRESS")["TimeoutSeconds"] <= 300


def test_every_function_is_invoked_by_one_state() -> None:
    invoked = [task["Resource"].split(":")[6] for task in TASKS.values()]
    assert sorted(invoked) == sorted(function_names())
    assert len(set(invoked)) == len(invoked)


def test_the_command_prints_the_machine() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "chalicelib", "workflow"], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(printed)["States"].keys() == STATES.keys()


def test_the_diagram_shows_every_state() -> None:
    diagram = mermaid(MACHINE)
    assert all(name in diagram for name in STATES)
