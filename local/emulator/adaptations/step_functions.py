"""Step Functions: starting twice, waiting between retries, and errors by AWS's names."""

from __future__ import annotations

import json
import random
from typing import Any

from ministack.core.responses import json_response
from ministack.services import stepfunctions

Response = tuple[int, dict[str, str], bytes]

PAYLOAD_LIMIT_BYTES = 256 * 1024
UNCATCHABLE = ("States.Runtime", "States.DataLimitExceeded")


def idempotent_start() -> None:
    """StartExecution refuses every name it knows upstream.

    AWS: "If StartExecution is called with the same name and input as a running execution, the call succeeds and
    returns the same response as the original request"; a closed execution or another input is
    ExecutionAlreadyExists. That holds for STANDARD. Two EXPRESS executions may share a name: both run.
    """
    upstream = stepfunctions._start_execution

    def start_execution(data: dict[str, Any]) -> Response:
        known = _execution_of_that_name(data)
        if known and _is_express(known["stateMachineArn"]):
            stepfunctions._executions.pop(known["executionArn"])
            known = None
        answer: Response
        if known and known["status"] == "RUNNING" and known["input"] == data.get("input", "{}"):
            answer = json_response({"executionArn": known["executionArn"], "startDate": known["startDate"]})
        else:
            answer = upstream(data)
        return answer

    stepfunctions._start_execution = start_execution


def _execution_of_that_name(data: dict[str, Any]) -> dict[str, Any] | None:
    machine_arn = stepfunctions._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    if machine_arn is None or "name" not in data:
        return None
    execution_arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{data['name']}"
    execution: dict[str, Any] | None = stepfunctions._executions.get(execution_arn)
    return execution


def _is_express(machine_arn: str) -> bool:
    return bool(stepfunctions._state_machines[machine_arn].get("type") == "EXPRESS")


def retry_delays() -> None:
    """MaxDelaySeconds and JitterStrategy are not acted on upstream.

    The interval grows by BackoffRate up to MaxDelaySeconds; FULL jitter then draws from zero to that interval.
    """
    upstream = stepfunctions._find_matching_retrier

    def find_matching_retrier(retriers: Any, error: str, counts: dict[int, int]) -> tuple[Any, int]:
        retrier, index = upstream(retriers, error, counts)
        if retrier is None:
            return None, -1
        delay_s = retry_delay_s(retrier, counts.get(index, 0))
        return {**retrier, "IntervalSeconds": delay_s, "BackoffRate": 1.0}, index

    stepfunctions._find_matching_retrier = find_matching_retrier


def retry_delay_s(retrier: dict[str, Any], earlier_retries: int) -> float:
    """How long AWS waits before the next attempt."""
    delay_s: float = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** earlier_retries
    delay_s = min(delay_s, retrier.get("MaxDelaySeconds", delay_s))
    return random.uniform(0, delay_s) if retrier.get("JitterStrategy") == "FULL" else delay_s


def uncatchable_errors() -> None:
    """States.ALL and States.TaskFailed catch everything upstream; States.Runtime and DataLimitExceeded are final.

    A runtime error is a fault of the definition (a path that is not there): AWS ends the execution, whatever
    Retry and Catch say.
    """
    upstream = stepfunctions._error_matches

    def error_matches(error_equals: list[str], error: str) -> bool:
        return error not in UNCATCHABLE and bool(upstream(error_equals, error))

    stepfunctions._error_matches = error_matches


def throttled_tasks() -> None:
    """A throttled task fails as Lambda.Unknown upstream; AWS names it Lambda.TooManyRequestsException.

    A result above 256 KiB is States.DataLimitExceeded on AWS and passes upstream.
    """
    upstream = stepfunctions._call_lambda

    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            result = upstream(func_ref, event)
        except stepfunctions._ExecutionError as error:
            if error.error == "Lambda.Unknown" and '"TooManyRequestsException"' in str(error.cause):
                cause = "Rate Exceeded. (Service: Lambda, Status Code: 429)"
                raise stepfunctions._ExecutionError("Lambda.TooManyRequestsException", cause) from error
            raise
        if len(json.dumps(result)) > PAYLOAD_LIMIT_BYTES:
            cause = f"The task {func_ref} returned a result of more bytes than the limit of {PAYLOAD_LIMIT_BYTES}."
            raise stepfunctions._ExecutionError("States.DataLimitExceeded", cause)
        return result

    stepfunctions._call_lambda = call_lambda
