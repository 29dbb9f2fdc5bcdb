"""`chalice package`: one CloudFormation template for the whole system, equal to what `chalice deploy` makes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.deploy.config.functions import FUNCTIONS, Function
from chalicelib.deploy.config.placeholders import left_to_cloudformation
from chalicelib.deploy.config.stages import STAGES, unresolved
from chalicelib.deploy.merge_template import function_id
from chalicelib.deploy.templates import resources, workflow
from chalicelib.workflow.definition import function_names
from local.deployment import Deployment
from local.emulator.aws import LocalAws
from tests.support.e2e.deployed import copy_project

pytestmark = pytest.mark.e2e

STAGE = STAGES["prod"]
SETTINGS = unresolved(STAGE)

each_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `chalice package` has filled, by the commands of docs/deploy.md. No AWS is asked."""
    project = copy_project(tmp_path_factory.mktemp("package"))
    (project / "requirements.txt").write_text("")  # what is packed is not at issue here
    command = [sys.executable, "-m", "chalicelib", "template", "--stage", STAGE.name]
    with (project / "merge.json").open("w") as merge:
        subprocess.run(command, cwd=project, stdout=merge, check=True)
    Deployment(LocalAws(), project).chalice("package", "--stage", STAGE.name, "--merge-template", "merge.json", "out")
    return project / "out"


@pytest.fixture(scope="module")
def template(packaged: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((packaged / "sam.json").read_text())["Resources"]
    return found


def test_the_template_passes_cfn_lint(packaged: Path) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "eu-central-1", "--template"]
    linted = subprocess.run([*command, str(packaged / "sam.json")], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout


@each_function
def test_functions_have_the_same_names_limits_and_environment(function: Function, template: dict[str, Any]) -> None:
    found = template[function_id(function.name)]["Properties"]
    assert found["FunctionName"] == function.aws_name(SETTINGS)
    assert (found["Timeout"], found["MemorySize"]) == (function.timeout_s, function.memory_mb)
    assert found["Environment"]["Variables"]["ORDERBRIDGE_ACCOUNT_ID"] == {"Fn::Sub": "${AWS::AccountId}"}
    assert found.get("AutoPublishAlias") == ("live" if function.name in function_names() else None)


@each_function
def test_functions_have_the_same_role_and_policy(function: Function, template: dict[str, Any]) -> None:
    role, _ = template[function_id(function.name)]["Properties"]["Role"]["Fn::GetAtt"]
    found = template[role]["Properties"]
    assert found["RoleName"] == f"orderbridge-prod-{function.name}"
    assert [policy["PolicyDocument"] for policy in found["Policies"]] == [
        left_to_cloudformation(function.policy(SETTINGS))
    ]


@each_function
def test_the_log_group_of_a_function_is_the_one_it_writes_to(function: Function, template: dict[str, Any]) -> None:
    groups = {
        resource["Properties"]["LogGroupName"]: resource["Properties"]["RetentionInDays"]
        for resource in template.values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }
    assert groups[function.log_group(SETTINGS)] == STAGE.log_retention_days


def test_queues_are_there_before_their_consumers_which_report_single_failures(template: dict[str, Any]) -> None:
    for function in FUNCTIONS:
        if function.consumes:
            consumer = template[function_id(function.name)]
            (event,) = consumer["Properties"]["Events"].values()
            assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            (queue,) = consumer["DependsOn"]
            assert event["Properties"]["Queue"]["Fn::Sub"].endswith(template[queue]["Properties"]["QueueName"])


def test_both_stacks_are_in_it_whole(template: dict[str, Any]) -> None:
    data = resources.template(STAGE, SETTINGS)["Resources"]
    deployed = workflow.resources(STAGE, SETTINGS, resources.events_stream())
    for name, resource in (data | deployed).items():
        if name != "ApiLogs":  # the same log group under the name that Chalice gives it
            found = {key: value for key, value in template[name].items() if key != "DependsOn"}
            assert found == left_to_cloudformation({k: v for k, v in resource.items() if k != "DependsOn"}), name


def test_the_template_holds_no_account_and_no_region(packaged: Path) -> None:
    text = (packaged / "sam.json").read_text()
    assert not re.search(r"\b\d{12}\b", text)
    assert "eu-central-1" not in text


def test_the_api_refuses_in_problem_documents(template: dict[str, Any]) -> None:
    responses = template["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert responses["UNAUTHORIZED"]["statusCode"] == "401"


def test_the_api_is_regional_traced_and_has_the_stage_that_its_alarms_watch(template: dict[str, Any]) -> None:
    api = template["RestAPI"]["Properties"]
    assert (api["EndpointConfiguration"], api["TracingEnabled"], api["StageName"]) == ("REGIONAL", True, "prod")
    watched = {
        dimension["Value"]
        for alarm in template.values()
        if alarm["Type"] == "AWS::CloudWatch::Alarm" and alarm["Properties"]["Namespace"] == "AWS/ApiGateway"
        for dimension in alarm["Properties"]["Dimensions"]
    }
    assert watched == {"prod", api["DefinitionBody"]["info"]["title"]}
