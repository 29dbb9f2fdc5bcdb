"""What a state machine does when it is started twice, when its tasks fail, and when it is wrong."""

from __future__ import annotations

import json

from tests.conformance.lab import EVERYTHING, Lab, policy, shows

ECHO = "def handler(event, context): return event"
SLOW = "import time\ndef handler(event, context): time.sleep(1)"
FAILS = """
class Rejection(Exception): pass
class OutOfStock(Rejection): pass
def handler(event, context): raise OutOfStock('none left')
"""


@shows("lambda_functions.error_class_names")
def a_catch_matches_the_exact_class_name_only(lab: Lab) -> None:
    function = lab.function(FAILS)
    caught = [{"ErrorEquals": ["OutOfStock"], "ResultPath": "$.failure.Only", "Next": "Caught"}]
    output = json.loads(lab.run(lab.machine(lab.task(function, Catch=caught)), {"order": 1})["output"])
    assert output["order"] == 1
    assert output["failure"]["Only"]["Error"] == "OutOfStock"
    assert json.loads(output["failure"]["Only"]["Cause"])["errorMessage"] == "none left"
    by_parent = [{"ErrorEquals": ["Rejection"], "Next": "Caught"}]
    assert lab.run(lab.machine(lab.task(function, Catch=by_parent)))["error"] == "OutOfStock"


@shows("step_functions.idempotent_start")
def the_same_start_of_a_running_execution_answers_again(lab: Lab) -> None:
    machine = lab.machine(lab.task(lab.function(SLOW)))
    first = lab.start(machine, {"order": 1}, name="order-1")
    assert lab.error_code(lambda: lab.start(machine, {"order": 2}, name="order-1")) == "ExecutionAlreadyExists"
    assert lab.error_code(lambda: lab.start(machine, {"order": 1}, name="order-1")) == ""
    again = lab.start(machine, {"order": 1}, name="order-1")
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    lab.outcome(first["executionArn"])
    assert lab.error_code(lambda: lab.start(machine, {"order": 1}, name="order-1")) == "ExecutionAlreadyExists"


@shows("step_functions.idempotent_start")
def express_executions_may_share_a_name(lab: Lab) -> None:
    machine = lab.machine(lab.task(lab.function(ECHO)), kind="EXPRESS")
    lab.outcome(lab.start(machine, {"order": 1}, name="order-1")["executionArn"])
    assert lab.error_code(lambda: lab.start(machine, {"order": 1}, name="order-1")) == ""


@shows("step_functions.retry_delays")
def a_retry_waits_no_longer_than_its_maximum(lab: Lab) -> None:
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 600, "MaxAttempts": 1}
    task = lab.task(lab.function(FAILS), Retry=[{**retry, "MaxDelaySeconds": 1, "JitterStrategy": "FULL"}])
    found = lab.run(lab.machine(task))
    assert (found["stopDate"] - found["startDate"]).total_seconds() < 300


@shows("step_functions.uncatchable_errors")
def a_result_above_256_kib_cannot_be_caught(lab: Lab) -> None:
    large = lab.function("def handler(event, context): return 'x' * 300_000")
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    assert lab.run(lab.machine(lab.task(large, Catch=caught))).get("error") == "States.DataLimitExceeded"


@shows("step_functions.throttled_tasks")
def a_throttled_task_is_named_so(lab: Lab) -> None:
    function = lab.function(SLOW)
    lab.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    assert lab.run(lab.machine(lab.task(function)))["error"] == "Lambda.TooManyRequestsException"


@shows("state_language.missing_paths")
def a_parameter_that_is_not_there_ends_the_execution(lab: Lab) -> None:
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    task = lab.task(lab.function(ECHO), Parameters={"order.$": "$.order"}, Catch=caught)
    assert lab.run(lab.machine(task), {"other": 1}).get("error") == "States.Runtime"


@shows("state_language.checked_definitions")
def a_definition_that_leads_nowhere_is_refused(lab: Lab) -> None:
    wrong = {"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Second"}}}
    role = lab.role()
    assert lab.error_code(lambda: lab.machine(wrong, role=role)) == "InvalidDefinition"
    answer = lab.client("stepfunctions").validate_state_machine_definition(definition=json.dumps(wrong))
    assert answer["result"] == "FAIL"


@shows("roles.state_machines_act_as_their_role")
def a_state_machine_calls_only_what_its_role_allows(lab: Lab) -> None:
    function = lab.function(ECHO)
    version = lab.client("lambda").publish_version(FunctionName=function)["Version"]
    lab.client("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion=version)
    role = lab.role(policy((["lambda:InvokeFunction"], f"{function}:live")))
    assert lab.run(lab.machine(lab.task(f"{function}:live"), role=role))["status"] == "SUCCEEDED"
    refused = lab.run(lab.machine(lab.task(function), role=role))
    assert refused.get("error") == "Lambda.AWSLambdaException"
    assert "is not authorized to perform: lambda:InvokeFunction" in refused["cause"]


def what_needs_no_adaptation(lab: Lab) -> None:
    """Context object, ResultPath null, timeouts, aliases: as AWS already upstream."""
    function = lab.function(ECHO, allowed=EVERYTHING)
    context = {
        "name.$": "$$.Execution.Name",
        "state.$": "$$.State.Name",
        "retries.$": "$$.State.RetryCount",
        "order.$": "$.order",
    }
    machine = lab.machine(lab.task(function, Parameters=context))
    output = json.loads(lab.outcome(lab.start(machine, {"order": 1}, name="the-name")["executionArn"])["output"])
    assert output == {"name": "the-name", "state": "Only", "retries": 0, "order": 1}
    machine = lab.machine(lab.task(function, Parameters={"other": 1}, ResultPath=None))
    assert json.loads(lab.run(machine, {"order": 1})["output"]) == {"order": 1}
    slow = lab.task(lab.function("import time\ndef handler(e, c): time.sleep(3)"), TimeoutSeconds=1)
    assert lab.run(lab.machine(slow))["error"] == "States.Timeout"
