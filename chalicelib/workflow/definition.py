"""The Amazon States Language of the order workflow, built from the table of steps. JSONPath, STANDARD and EXPRESS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.errors import Rejection, subclasses
from chalicelib.workflow.table import (
    ALL_STEPS,
    COMPENSATIONS,
    FAIL,
    REJECT,
    STEPS,
    Retry,
    Step,
    undo_from,
)

WORKFLOW_TIMEOUT_S = {"STANDARD": 6 * 3600, "EXPRESS": 300}
"""An execution that is older is stopped; the sweeper restarts its order. EXPRESS allows no more than 5 minutes."""

PARKED = "OrderParked"
IS_UNDONE, UNDO, WENT_ON = "IsToBeUndone", "Undo", "OrderWentOn"


def definition(function_arn: Callable[[str], str], kind: str = "STANDARD") -> dict[str, Any]:
    """The state machine. `function_arn` maps a function's name (`validate_order`) to the ARN that is invoked."""
    return {
        "Comment": "Carries one order to CONFIRMED, REJECTED, CANCELLED or FAILED",
        "StartAt": STEPS[0].name,
        "TimeoutSeconds": WORKFLOW_TIMEOUT_S[kind],
        "States": {
            **{step.name: _forward(step, function_arn) for step in STEPS},
            **{step.name: _compensation(step, function_arn) for step in COMPENSATIONS},
            REJECT.name: {**_task(REJECT, function_arn), "End": True, "Catch": [_park(REJECT)]},
            **_after_failure(function_arn),
            PARKED: {
                "Type": "Fail",
                "Comment": "The order is FAILED and waits for an operator or a redrive",
                "Error": "OrderParked",
                "Cause": "A technical failure outlasted the retries; see the order's events and the dead letters",
            },
        },
    }


def function_names() -> tuple[str, ...]:
    """The Lambda functions that the state machine invokes."""
    return tuple(step.function for step in ALL_STEPS)


def _after_failure(function_arn: Callable[[str], str]) -> dict[str, Any]:
    """HandleFailure says what becomes of the order: steps.handle_failure.Handled."""
    handled = "$.handled.status"
    return {
        FAIL.name: {**_task(FAIL, function_arn, failure=True), "ResultPath": "$.handled", "Next": IS_UNDONE},
        IS_UNDONE: {
            "Type": "Choice",
            "Choices": [
                {"Variable": handled, "StringEquals": "UNDO", "Next": UNDO},
                {"Variable": handled, "StringEquals": "SETTLED", "Next": WENT_ON},
            ],
            "Default": PARKED,
        },
        UNDO: {
            "Type": "Pass",
            "Comment": "Rejected or cancelled: it is undone. The failure is forgotten, lest a later one look like it",
            "Parameters": {"order_id.$": "$.order_id", "correlation_id.$": "$.correlation_id"},
            "Next": COMPENSATIONS[0].name,
        },
        WENT_ON: {"Type": "Succeed", "Comment": "It has ended, or goes on in a later attempt"},
    }


def _task(step: Step, function_arn: Callable[[str], str], failure: bool = False) -> dict[str, Any]:
    """A Task whose output is dropped: every state sees the execution's own small input (claim check)."""
    parameters = {
        "order_id.$": "$.order_id",
        "correlation_id.$": "$.correlation_id",
        "execution.$": "$$.Execution.Name",
        "retry.$": "$$.State.RetryCount",
    }
    if failure:
        parameters["failure.$"] = "$.failure"
    return {
        "Type": "Task",
        "Comment": step.comment,
        "Resource": function_arn(step.function),
        "Parameters": parameters,
        "TimeoutSeconds": step.timeout_s,
        "ResultPath": None,
        "Retry": [retrier(retry) for retry in step.retries],
    }


def _forward(step: Step, function_arn: Callable[[str], str]) -> dict[str, Any]:
    own = subclasses(*step.rejects)
    others = [name for name in subclasses(Rejection) if name not in own and name != "Rejection"]
    earlier = [name for other in STEPS if other is not step for name in subclasses(*other.rejects)]
    undone_before = [name for name in others if name not in earlier]
    following = STEPS[STEPS.index(step) + 1 :]
    return {
        **_task(step, function_arn),
        "Catch": [
            {"ErrorEquals": list(own), "ResultPath": "$.rejection", "Next": undo_from(step)},
            {"ErrorEquals": undone_before, "ResultPath": "$.rejection", "Next": COMPENSATIONS[0].name},
            _park(step),
        ],
        **({"Next": following[0].name} if following else {"End": True}),
    }


def _compensation(step: Step, function_arn: Callable[[str], str]) -> dict[str, Any]:
    following = (*COMPENSATIONS, REJECT)[COMPENSATIONS.index(step) + 1]
    return {**_task(step, function_arn), "Catch": [_park(step)], "Next": following.name}


def _park(step: Step) -> dict[str, Any]:
    return {"ErrorEquals": ["States.ALL"], "ResultPath": f"$.failure.{step.name}", "Next": FAIL.name}


def retrier(retry: Retry) -> dict[str, Any]:
    """One element of a state's Retry."""
    return {
        "ErrorEquals": list(retry.errors),
        "IntervalSeconds": retry.interval_s,
        "BackoffRate": retry.backoff,
        "MaxAttempts": retry.attempts,
        "MaxDelaySeconds": retry.max_delay_s,
        "JitterStrategy": "FULL",
    }
