"""The engine's own limit: maps whose functions return at once, and a batch with as many orders in flight."""

from __future__ import annotations

import json
import time
import zipfile
from io import BytesIO
from typing import Any

from bench.bulk_run import run
from chalicelib.deploy.config.stages import STAGES
from chalicelib.workflow.definition import definition
from chalicelib.workflow.table import ALL_STEPS
from tests.support.e2e.deployed import Deployed


def engine(system: Deployed, lines: int) -> dict[str, Any]:
    """The engine's limit, and a batch on the same machine in the same run."""
    stage = STAGES["local"]
    in_flight = stage.bulk_pages * stage.bulk_window
    client = system.aws.client("stepfunctions")
    arns = _functions_that_return_at_once(system)
    role = system.aws.client("iam").get_role(RoleName="orderbridge-local-bulk-workflow")["Role"]["Arn"]
    states = definition(lambda name: arns[name])
    own = {"StartAt": "Once", "States": {"Once": {"Type": "Task", "Resource": arns["validate_order"], "End": True}}}
    measured = {
        "in_flight": in_flight,
        "four_steps_per_s": _map_rate(client, role, "four", states, lines, in_flight),
        "one_call_per_s": _map_rate(client, role, "one", own, lines, in_flight),
    }
    batch = run(system, lines)
    rate = batch["lines_per_s"]
    ratios = {f"ratio_to_{name}": round(rate / measured[f"{name}_per_s"], 2) for name in ("four_steps", "one_call")}
    return {**measured, "batch_lines_per_s": rate, **ratios, "exact": batch["exact"]}


def _functions_that_return_at_once(system: Deployed) -> dict[str, str]:
    bundle = BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("noop.py", "def handler(event, context):\n    return {}\n")
    iam, client = system.aws.client("iam"), system.aws.client("lambda")
    lambda_may = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [lambda_may]}
    role = iam.create_role(RoleName="noop", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arns = {}
    for step in ALL_STEPS:
        function = client.create_function(
            FunctionName=f"noop-{step.function}",
            Runtime="python3.11",
            Role=role,
            Handler="noop.handler",
            Code={"ZipFile": bundle.getvalue()},
        )
        arns[step.function] = function["FunctionArn"]
    everything = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": sorted(arns.values())}
    iam.put_role_policy(
        RoleName="orderbridge-local-bulk-workflow",
        PolicyName="noop",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    return arns


def _map_rate(client: Any, role: str, name: str, states: dict[str, Any], items: int, in_flight: int) -> float:
    """Items per second of a Distributed Map with these states; a first, short run starts the workers."""
    inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    machine = {
        "StartAt": "Map",
        "States": {
            "Map": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": in_flight,
                "ItemProcessor": {**inner, "StartAt": states["StartAt"], "States": states["States"]},
                "ResultPath": None,
                "End": True,
            }
        },
    }
    arn = client.create_state_machine(name=f"noop-{name}", definition=json.dumps(machine), roleArn=role)
    rate = 0.0
    for count in (in_flight * 4, items):
        work = [{"order_id": f"o-{number}", "correlation_id": "c"} for number in range(count)]
        began = time.monotonic()
        execution = client.start_execution(stateMachineArn=arn["stateMachineArn"], input=json.dumps({"items": work}))[
            "executionArn"
        ]
        while (found := client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            time.sleep(0.05)
        assert found["status"] == "SUCCEEDED", found
        rate = count / (time.monotonic() - began)
    return round(rate, 1)
