"""What a Lambda function's caller sees."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.conformance.lab import Lab, shows

MANY_CALLS = 16
WORKERS = 8  # the adapted local AWS of these tests is started with so many

FAILING = """
import os, sys
calls = 0
class OutOfStock(Exception): pass
def handler(event, context):
    global calls
    calls += 1
    if event.get("how") == "raise": raise OutOfStock("none left")
    if event.get("how") == "die": os._exit(3)
    if event.get("how") == "object": return object()
    return calls
"""


@shows("lambda_functions.error_class_names")
def an_exception_is_named_by_its_class(lab: Lab) -> None:
    error = lab.invoke(lab.function(FAILING), {"how": "raise"})
    assert (error["errorType"], error["errorMessage"]) == ("OutOfStock", "none left")
    assert "in handler" in error["stackTrace"][0]


@shows("lambda_functions.error_class_names")
def a_dead_process_is_an_exit_error(lab: Lab) -> None:
    error = lab.invoke(lab.function(FAILING), {"how": "die"})
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")


@shows("lambda_functions.error_class_names")
def a_result_that_is_not_json_is_a_marshal_error(lab: Lab) -> None:
    assert lab.invoke(lab.function(FAILING), {"how": "object"})["errorType"] == "Runtime.MarshalError"


@shows("lambda_functions.error_class_names")
def a_missing_module_is_named(lab: Lab) -> None:
    error = lab.invoke(lab.function("import nowhere"))
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert error["errorMessage"] == "Unable to import module 'app': No module named 'nowhere'"


@shows("lambda_functions.error_class_names")
def an_exception_leaves_the_sandbox_warm(lab: Lab) -> None:
    function = lab.function(FAILING)
    assert lab.invoke(function) == 1
    lab.invoke(function, {"how": "raise"})
    assert lab.invoke(function) == 3


@shows("lambda_functions.error_class_names")
def only_the_bundle_and_the_sdk_can_be_imported(lab: Lab) -> None:
    source = "import boto3\ndef handler(event, context):\n    import chalice"
    assert lab.invoke(lab.function(source))["errorType"] == "ModuleNotFoundError"


@shows("lambda_functions.error_class_names")
def the_environment_is_the_function_s_own(lab: Lab) -> None:
    source = "import os\ndef handler(event, context): return sorted(os.environ)"
    names = lab.invoke(lab.function(source, Environment={"Variables": {"STAGE": "test"}}))
    assert "STAGE" in names
    assert "AWS_LAMBDA_FUNCTION_NAME" in names
    assert "GATEWAY_PORT" not in names
    assert "HOME" not in names


@shows("lambda_functions.instant_state")
def a_new_function_is_active_at_once(lab: Lab) -> None:
    function = lab.function("def handler(event, context): pass")
    time.sleep(0.1)
    assert lab.client("lambda").get_function_configuration(FunctionName=function)["State"] == "Active"


@shows("lambda_functions.bounded_workers")
def many_calls_share_few_processes(lab: Lab) -> None:
    function = lab.function("import time\ndef handler(event, context): time.sleep(0.2); return 'done'")
    with ThreadPoolExecutor(MANY_CALLS) as callers:
        answers = list(callers.map(lambda _: lab.invoke(function), range(MANY_CALLS)))
    assert answers == ["done"] * MANY_CALLS
    assert len(lab.aws.worker_pids()) <= WORKERS


@shows("lambda_functions.bounded_workers")
def functions_that_call_functions_do_not_lock_each_other_out(lab: Lab) -> None:
    inner = lab.function("import time\ndef handler(event, context): time.sleep(0.1); return 'inner'")
    outer = lab.function(
        "import boto3, json\ndef handler(event, context):\n"
        f"    answer = boto3.client('lambda').invoke(FunctionName='{inner}')\n"
        "    return json.loads(answer['Payload'].read())"
    )
    with ThreadPoolExecutor(WORKERS) as callers:
        answers = list(callers.map(lambda _: lab.invoke(outer), range(WORKERS)))
    assert answers == ["inner"] * WORKERS
    assert len(lab.aws.worker_pids()) <= WORKERS + WORKERS // 4
