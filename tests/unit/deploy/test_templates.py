"""The CloudFormation templates: valid, small enough, and keeping what must be kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.deploy.config.functions import BY_NAME, FUNCTIONS, VISIBILITY_FACTOR
from chalicelib.deploy.config.stages import STAGES, Stage
from chalicelib.deploy.stack_updates import MAX_TEMPLATE_BYTES
from chalicelib.deploy.templates import resources, workflow
from chalicelib.settings import Settings
from chalicelib.workflow.definition import function_names

ACCOUNT, REGION = "123456789012", "eu-central-1"
BROKEN = "broken"
FOUND_ERRORS = 2

each_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=lambda stage: stage.name)


def settings(stage: Stage) -> Settings:
    return Settings(stage.name, REGION, ACCOUNT)


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: found for name, found in template["Resources"].items() if found["Type"] == kind}


def resources_of(stage: Stage) -> dict[str, Any]:
    return resources.template(stage, settings(stage))


def workflow_of(stage: Stage) -> dict[str, Any]:
    return workflow.template(stage, settings(stage))


@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What cfn-lint finds in all templates and in a broken one; in one run, because it takes seconds to begin."""
    broken = workflow_of(STAGES["prod"])
    broken["Resources"]["OrderWorkflow"]["Properties"]["RoleArn"] = {"Fn::GetAtt": ["NoSuchRole", "Arn"]}
    templates = {BROKEN: broken}
    for stage in STAGES.values():
        templates |= {f"{stage.name}-resources": resources_of(stage), f"{stage.name}-workflow": workflow_of(stage)}
    folder = tmp_path_factory.mktemp("templates")
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", REGION, "--format", "parseable"]
    command += ["--template", *map(str, sorted(folder.iterdir()))]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode in (0, FOUND_ERRORS), done.stderr
    return done.stdout


def test_all_templates_pass_cfn_lint(linted: str) -> None:
    assert [line for line in linted.splitlines() if f"{BROKEN}.json" not in line] == []


def test_cfn_lint_would_see_a_mistake(linted: str) -> None:
    assert "NoSuchRole" in linted


@each_stage
def test_templates_can_be_sent_inline(stage: Stage) -> None:
    for template in (resources_of(stage), workflow_of(stage)):
        assert len(json.dumps(template, separators=(",", ":"))) < MAX_TEMPLATE_BYTES


@each_stage
def test_tables_and_buckets_outlive_their_stack(stage: Stage) -> None:
    template = resources_of(stage)
    data = of_type(template, "AWS::DynamoDB::Table") | of_type(template, "AWS::S3::Bucket")
    assert len(data) == len(TABLES) + 2
    for name, resource in data.items():
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


@each_stage
def test_tables_are_encrypted_and_those_of_prod_protected(stage: Stage) -> None:
    for table in of_type(resources_of(stage), "AWS::DynamoDB::Table").values():
        properties = table["Properties"]
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        protected = stage.name == "prod"
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is protected
        assert properties["DeletionProtectionEnabled"] is protected


def test_tables_have_the_schema_that_the_adapters_are_tested_with() -> None:
    template = resources_of(STAGES["prod"])
    for name, schema in TABLES.items():
        properties = template["Resources"][f"{name.capitalize()}Table"]["Properties"]
        for key in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"):
            assert properties.get(key) == schema.get(key), (name, key)
    assert template["Resources"]["EventsTable"]["Properties"]["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    expiry = template["Resources"]["ControlTable"]["Properties"]["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "expires_at", "Enabled": True}


@each_stage
def test_buckets_are_private_encrypted_and_tls_only_where_there_is_tls(stage: Stage) -> None:
    template = resources_of(stage)
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert "BucketEncryption" in bucket["Properties"]
    policies = of_type(template, "AWS::S3::BucketPolicy")
    assert len(policies) == (0 if stage.is_local else 2)
    for policy in policies.values():
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_queue_hides_a_message_six_times_as_long_as_its_consumer_may_take() -> None:
    template = resources_of(STAGES["prod"])
    visible = {
        queue["Properties"]["QueueName"]: queue["Properties"]["VisibilityTimeout"]
        for queue in of_type(template, "AWS::SQS::Queue").values()
    }
    for function in FUNCTIONS:
        if function.consumes:
            assert visible[f"orderbridge-prod-{function.consumes}"] >= VISIBILITY_FACTOR * function.timeout_s


def test_a_message_is_tried_at_least_five_times_and_then_parked_not_dropped() -> None:
    template = resources_of(STAGES["prod"])
    for function in FUNCTIONS:
        if function.consumes:
            (queue,) = (
                found["Properties"]
                for found in of_type(template, "AWS::SQS::Queue").values()
                if found["Properties"]["QueueName"] == f"orderbridge-prod-{function.consumes}"
            )
            assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
            assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["ParkingQueue", "Arn"]}


@each_stage
def test_the_workflow_may_invoke_its_steps_as_they_are_live_and_nothing_else(stage: Stage) -> None:
    role = workflow_of(stage)["Resources"]["OrderWorkflowRole"]["Properties"]
    (policy,) = role["Policies"]
    invoke = policy["PolicyDocument"]["Statement"][0]
    prefix = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orderbridge-{stage.name}-"
    assert invoke["Action"] == ["lambda:InvokeFunction"]
    assert invoke["Resource"] == [f"{prefix}{name}:live" for name in function_names()]
    definition = json.loads(workflow_of(stage)["Resources"]["OrderWorkflow"]["Properties"]["DefinitionString"])
    tasks = {state["Resource"] for state in definition["States"].values() if state["Type"] == "Task"}
    assert tasks == set(invoke["Resource"])


@each_stage
def test_execution_logs_hold_no_data(stage: Stage) -> None:
    machine = workflow_of(stage)["Resources"]["OrderWorkflow"]["Properties"]
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_an_express_stage_has_an_express_workflow() -> None:
    stage = Stage("express", api_gateway_stage="express", log_retention_days=1, workflow_kind="EXPRESS")
    machine = workflow_of(stage)["Resources"]["OrderWorkflow"]["Properties"]
    assert machine["StateMachineType"] == "EXPRESS"
    assert json.loads(machine["DefinitionString"])["TimeoutSeconds"] == 300


def test_the_stream_consumer_gives_up_before_the_stream_forgets_and_says_so() -> None:
    mapping = workflow_of(STAGES["prod"])["Resources"]["ProjectEventsMapping"]["Properties"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 0 < mapping["MaximumRecordAgeInSeconds"] < 24 * 3600
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"].endswith(":orderbridge-prod-stream-failures")
    assert mapping["FunctionName"] == BY_NAME["project_events"].aws_name(settings(STAGES["prod"]))


def test_every_alarm_alerts_and_says_where_to_read_on() -> None:
    alarms = of_type(workflow_of(STAGES["prod"]), "AWS::CloudWatch::Alarm")
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:orderbridge-prod-alerts"
    assert len(alarms) > 10
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == [topic]
        assert "docs/operations.md" in alarm["Properties"]["AlarmDescription"]


def test_every_function_outside_the_workflow_has_an_alarm_for_its_errors() -> None:
    alarms = of_type(workflow_of(STAGES["prod"]), "AWS::CloudWatch::Alarm").values()
    watched = {
        dimension["Value"]
        for alarm in alarms
        if alarm["Properties"]["MetricName"] == "Errors"
        for dimension in alarm["Properties"]["Dimensions"]
    }
    background = [function for function in FUNCTIONS if function.name not in function_names()]
    assert watched == {function.aws_name(settings(STAGES["prod"])) for function in background}


def test_the_dashboard_fits_its_grid() -> None:
    body = json.loads(workflow_of(STAGES["prod"])["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(set(places)) == len(places)
    assert all(widget["x"] + widget["width"] <= 24 for widget in body["widgets"])
