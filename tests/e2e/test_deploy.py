"""`chalice deploy` and `chalice delete` of the real project, by the plain command line, on the local AWS."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.deploy.config.functions import BY_NAME, FUNCTIONS
from chalicelib.deploy.config.stages import STAGES
from chalicelib.deploy.templates.bulk import stack_name as bulk_stack
from chalicelib.deploy.templates.resources import stack_name as resources_stack
from chalicelib.deploy.templates.workflow import stack_name as workflow_stack
from chalicelib.workflow.definition import function_names
from local.deployment import Deployment
from local.sample.tour import tour
from tests.support.e2e.deployed import Deployed, deployed

pytestmark = pytest.mark.e2e

STACKS = tuple(name(STAGES["local"]) for name in (resources_stack, workflow_stack, bulk_stack))
_numbers = itertools.count(900_001)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A system that may be broken, changed and deleted. No test of this file needs the other one: see room_of."""
    with deployed(tmp_path_factory.mktemp("mine")) as system:
        yield system


def order() -> dict[str, Any]:
    """An order that must be confirmed, unlike any other."""
    payload = dict(next(iter(tour())).payload)
    return {**payload, "external_id": f"SO-{next(_numbers)}"}


def everything_deployed(system: Deployed) -> dict[str, Any]:
    """All that a deployment could have changed."""
    functions, gateway = system.aws.client("lambda"), system.aws.client("apigateway")
    cloudformation = system.aws.client("cloudformation")
    names = [function.aws_name(system.settings) for function in FUNCTIONS]
    return {
        "functions": {
            name: [
                (version["Version"], version["CodeSha256"], version["LastModified"])
                for version in functions.list_versions_by_function(FunctionName=name)["Versions"]
            ]
            for name in names
        },
        "mappings": sorted(m["UUID"] for m in functions.list_event_source_mappings()["EventSourceMappings"]),
        "apis": [api["id"] for api in gateway.get_rest_apis()["items"]],
        "stacks": {
            name: [event["EventId"] for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]]
            for name in STACKS
        },
    }


def test_every_function_has_a_role_of_its_own_with_no_wildcard_action(mine: Deployed) -> None:
    functions, iam = mine.aws.client("lambda"), mine.aws.client("iam")
    roles = [
        functions.get_function_configuration(FunctionName=f.aws_name(mine.settings))["Role"].rpartition("/")[2]
        for f in FUNCTIONS
    ]
    assert len(set(roles)) == len(FUNCTIONS)
    for role, function in zip(roles, FUNCTIONS, strict=True):
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        assert document == function.policy(mine.settings)
        assert not [a for s in document["Statement"] for a in s["Action"] if "*" in a]


def test_every_function_runs_under_the_limits_of_the_table(mine: Deployed) -> None:
    functions = mine.aws.client("lambda")
    for function in FUNCTIONS:
        found = functions.get_function_configuration(FunctionName=function.aws_name(mine.settings))
        assert (found["Timeout"], found["MemorySize"]) == (function.timeout_s, function.memory_mb)
        assert found["TracingConfig"]["Mode"] == "Active"
        assert found["Environment"]["Variables"]["ORDERBRIDGE_ACCOUNT_ID"] == mine.settings.account_id


def test_queue_consumers_report_single_failures(mine: Deployed) -> None:
    mappings = mine.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    by_function = {mapping["FunctionArn"].rpartition("-")[2]: mapping["FunctionResponseTypes"] for mapping in mappings}
    consumers = {function.name for function in FUNCTIONS if function.consumes} | {"project_events"}
    assert by_function == {name: ["ReportBatchItemFailures"] for name in consumers}


def test_the_state_machine_is_valid_and_invokes_what_is_live(mine: Deployed) -> None:
    states = mine.aws.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=mine.settings.state_machine_arn)
    checked = states.validate_state_machine_definition(definition=machine["definition"], type=machine["type"])
    assert (checked["result"], checked["diagnostics"]) == ("OK", [])
    aliases = set(re.findall(r"function:[^\"]+", machine["definition"]))
    assert aliases == {f"function:orderbridge-local-{name}:live" for name in function_names()}


def test_input_and_output_of_every_state_stay_small_for_the_largest_order(mine: Deployed) -> None:
    largest = max(tour(), key=lambda sample: len(sample.payload["lines"]))
    assert (len(largest.payload["lines"]), largest.expected_status) == (500, "CONFIRMED")
    order_id = mine.submit({**largest.payload, "external_id": f"SO-{next(_numbers)}"})
    assert mine.outcome(order_id)["status"] == "CONFIRMED"
    arn = f"{mine.settings.state_machine_arn.replace(':stateMachine:', ':execution:')}:{order_id}-1"
    pages = mine.aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    texts = [
        text
        for page in pages
        for event in page["events"]
        for details in event.values()
        if isinstance(details, dict)
        for text in details.values()
        if isinstance(text, str)
    ]
    assert len(texts) > 20
    assert max(len(text.encode()) for text in texts) < 2048


def test_a_second_deployment_changes_nothing(mine: Deployed) -> None:
    before = everything_deployed(mine)
    output = mine.chalice("deploy", "--stage", "local")
    assert everything_deployed(mine) == before
    assert output.count("unchanged") == len(FUNCTIONS) + len(STACKS) + 1


def test_another_machine_deploys_the_same_system_not_a_second_one(mine: Deployed, tmp_path: Path) -> None:
    """A fresh clone of the same sources: nothing that Chalice keeps beside them, the bundle built anew."""
    before = everything_deployed(mine)
    clone = tmp_path / "clone"
    shutil.copytree(
        mine.project, clone, symlinks=True, ignore=shutil.ignore_patterns("deployed", "deployments", "*.pyc")
    )
    elsewhere = Deployment(mine.aws, clone)
    assert "Found a newer record" in elsewhere.deploy()
    assert everything_deployed(mine) == before
    assert elsewhere.rest_api_id == mine.deployment.rest_api_id


def test_a_step_without_a_permission_fails_alone_and_goes_on_once_it_has_it_back(mine: Deployed) -> None:
    iam, role = mine.aws.client("iam"), "orderbridge-local-confirm_order"
    policy = BY_NAME["confirm_order"].policy(mine.settings)
    without = {**policy, "Statement": [s for s in policy["Statement"] if s["Sid"] != "AppendEvents"]}
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(without))
    order_id = mine.submit(order())
    failed = mine.outcome(order_id)
    assert failed["status"] == "FAILED"
    events = mine.api.get(f"/orders/{order_id}/events").body["events"]
    assert [event["type"] for event in events] == [
        "OrderReceived",
        "OrderValidated",
        "InventoryReserved",
        "PaymentCaptured",
        "OrderFailed",
    ]
    assert mine.app.repository("test").load(order_id).failure.step == "ConfirmOrder"  # type: ignore[union-attr]

    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))
    answer = mine.api.post(f"/orders/{order_id}/redrive", {"reason": "permission is back"}, role="operate")
    assert answer.status == 202, answer.body
    assert mine.until(order_id, "CONFIRMED")["attempts"] >= 2


def test_a_changed_step_is_what_the_next_order_runs(mine: Deployed) -> None:
    module = mine.project / "chalicelib/steps/confirm_order.py"
    module.write_text(module.read_text().replace('f"OB-', 'f"NEW-'))
    before = mine.outcome(mine.submit(order()))
    output = mine.chalice("deploy", "--stage", "local")
    after = mine.outcome(mine.submit(order()))
    assert before["confirmation_number"].startswith("OB-")
    assert after["confirmation_number"].startswith("NEW-")
    assert "Function orderbridge-local-confirm_order: live is now version 2" in output
    for stack in STACKS:
        assert f"Stack {stack}: unchanged" in output


def test_deletion_keeps_the_orders_and_a_new_deployment_serves_them_and_goes_on(mine: Deployed) -> None:
    order_id = mine.submit(order())
    shown = mine.outcome(order_id)
    output = mine.chalice("delete", "--stage", "local")
    assert "Kept: the data" in output
    assert mine.aws.client("lambda").list_functions()["Functions"] == []
    assert mine.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert mine.aws.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert mine.aws.client("apigateway").get_rest_apis()["items"] == []

    mine.chalice("deploy", "--stage", "local")
    mine.api = Deployed.of(mine.deployment).api  # under a new address, also for the tests that come after this one
    assert mine.api.get(f"/orders/{order_id}").body == shown
    assert mine.outcome(mine.submit(order()))["status"] == "CONFIRMED"
