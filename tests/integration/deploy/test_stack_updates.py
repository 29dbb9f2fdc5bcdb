"""Stacks reach their template from whatever state they are in; failures say what failed first, and why."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from chalicelib.deploy.errors import DeployError
from chalicelib.deploy.stack_updates import MAX_TEMPLATE_BYTES, Stack, Stacks
from local.emulator.aws import LocalAws

_names = count(1)


class Workbench:
    """Stacks of one test, under names of their own."""

    def __init__(self, aws: LocalAws) -> None:
        self.name = f"stack-{next(_names)}"
        self.aws = aws
        self.client = aws.client("cloudformation")
        self.said: list[str] = []
        self.stacks = Stacks(self.client, self.said.append)

    def apply(self, resources: dict[str, Any], **more: Any) -> dict[str, str]:
        return self.stacks.apply(Stack(self.name, {"Resources": resources}, **more))

    @property
    def status(self) -> str:
        return str(self.client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])

    def queue(self, **properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": self.name, **properties}}

    def table(self) -> dict[str, Any]:
        key = {"AttributeName": "pk"}
        return {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "TableName": self.name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{**key, "AttributeType": "S"}],
                "KeySchema": [{**key, "KeyType": "HASH"}],
            },
        }

    def impossible_queue(self) -> dict[str, Any]:
        """A resource that cannot be created, after the other queue: somebody else has one of that name."""
        name = f"{self.name}-taken"
        self.aws.client("sqs").create_queue(QueueName=name)
        return {"Type": "AWS::SQS::Queue", "DependsOn": ["Queue"], "Properties": {"QueueName": name}}


@pytest.fixture
def bench(local_aws: LocalAws) -> Workbench:
    return Workbench(local_aws)


def test_a_stack_is_created_then_unchanged_then_changed(bench: Workbench) -> None:
    bench.apply({"Queue": bench.queue()})
    assert bench.status == "CREATE_COMPLETE"
    assert bench.said == [f"Stack {bench.name}: Add 1: Queue"]

    bench.apply({"Queue": bench.queue()})
    assert bench.status == "CREATE_COMPLETE"
    assert bench.said[1:] == [f"Stack {bench.name}: unchanged"]

    bench.apply({"Queue": bench.queue(VisibilityTimeout=77)})
    assert bench.status == "UPDATE_COMPLETE"
    assert bench.said[2:] == [f"Stack {bench.name}: Modify 1: Queue"]


def test_outputs_and_parameters_reach_the_caller_and_the_stack(bench: Workbench) -> None:
    template = {
        "Parameters": {"Seconds": {"Type": "Number"}},
        "Resources": {"Queue": bench.queue(VisibilityTimeout={"Ref": "Seconds"})},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    }
    for seconds in ("12", "13"):
        outputs = bench.stacks.apply(Stack(bench.name, template, {"Seconds": seconds}))
        assert outputs["Arn"].endswith(f":{bench.name}")
        sqs = bench.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=bench.name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        assert attributes["VisibilityTimeout"] == seconds


def test_a_failed_creation_names_its_cause_and_the_next_attempt_succeeds(bench: Workbench) -> None:
    with pytest.raises(DeployError) as failure:
        bench.apply({"Queue": bench.queue(), "Taken": bench.impossible_queue()})
    assert "Taken (AWS::SQS::Queue)" in failure.value.message
    assert "already exists" in failure.value.message
    assert "run the same command again" in failure.value.message
    assert bench.status == "ROLLBACK_COMPLETE"

    bench.apply({"Queue": bench.queue()})
    assert bench.status == "CREATE_COMPLETE"


def test_a_failed_change_names_its_cause_and_leaves_what_was_there(bench: Workbench) -> None:
    bench.apply({"Queue": bench.queue(VisibilityTimeout=10)})
    with pytest.raises(DeployError, match=r"Taken .* already exists"):
        bench.apply({"Queue": bench.queue(VisibilityTimeout=20), "Taken": bench.impossible_queue()})
    assert bench.status == "UPDATE_ROLLBACK_COMPLETE"
    bench.apply({"Queue": bench.queue(VisibilityTimeout=20)})
    assert bench.status == "UPDATE_COMPLETE"


class StuckCloudFormation:
    """A stack whose rollback has failed, a state that MiniStack cannot be brought into. No change is asked of it."""

    def __init__(self, after_continuing: str) -> None:
        self.status = "UPDATE_ROLLBACK_FAILED"
        self.after_continuing = after_continuing
        self.events = [event("0", "UPDATE_FAILED", "an older failure")]

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": StackName, "StackStatus": self.status}]}

    def get_paginator(self, operation: str) -> StuckCloudFormation:
        assert operation == "describe_stack_events"
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:
        return [{"StackEvents": self.events}]

    def continue_update_rollback(self, StackName: str) -> None:
        self.status = self.after_continuing
        failures = [
            event("2", "UPDATE_FAILED", "follows from it"),
            event("1", "UPDATE_FAILED", "the bucket is not empty"),
        ]
        self.events = [*failures, *self.events]

    def create_change_set(self, **_: Any) -> dict[str, str]:
        return {"Id": "change-set"}

    def describe_change_set(self, ChangeSetName: str) -> dict[str, str]:
        return {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}

    def delete_change_set(self, ChangeSetName: str) -> None:
        pass


def event(number: str, status: str, reason: str) -> dict[str, Any]:
    found = {"EventId": number, "ResourceStatus": status, "ResourceStatusReason": reason}
    return {**found, "LogicalResourceId": f"Resource{number}", "ResourceType": "AWS::S3::Bucket"}


def test_a_stuck_rollback_is_finished_if_that_is_possible() -> None:
    said: list[str] = []
    Stacks(StuckCloudFormation("UPDATE_ROLLBACK_COMPLETE"), said.append).apply(Stack("stuck", {}))
    assert said == ["Stack stuck: finishing the rollback of a failed update", "Stack stuck: unchanged"]


def test_a_rollback_that_stays_stuck_is_explained_with_its_first_cause_and_the_way_out() -> None:
    with pytest.raises(DeployError) as failure:
        Stacks(StuckCloudFormation("UPDATE_ROLLBACK_FAILED"), print).apply(Stack("stuck", {}))
    assert "Resource1 (AWS::S3::Bucket): the bucket is not empty" in failure.value.message
    assert "aws cloudformation continue-update-rollback --stack-name stuck" in failure.value.message


def test_a_template_that_cloudformation_refuses_leaves_nothing_in_the_way(bench: Workbench) -> None:
    with pytest.raises(DeployError, match="No::Such::Thing"):
        bench.apply({"Thing": {"Type": "No::Such::Thing"}})
    bench.apply({"Queue": bench.queue()})
    assert bench.status == "CREATE_COMPLETE"


def test_a_change_set_that_was_never_executed_is_not_in_the_way(bench: Workbench) -> None:
    """What an attempt leaves that was interrupted between making its change set and executing it."""
    bench.client.create_change_set(
        StackName=bench.name,
        ChangeSetName="left-behind",
        ChangeSetType="CREATE",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    )
    assert bench.status == "REVIEW_IN_PROGRESS"
    bench.apply({"Queue": bench.queue()})
    assert bench.status == "CREATE_COMPLETE"


def test_data_outlives_its_stack_and_a_new_stack_takes_it_in_again(bench: Workbench) -> None:
    bench.apply({"Table": bench.table()})
    dynamodb = bench.aws.client("dynamodb")
    dynamodb.put_item(TableName=bench.name, Item={"pk": {"S": "kept"}})
    bench.stacks.delete(bench.name)
    bench.apply({"Table": bench.table()})
    assert bench.said[-1] == f"Stack {bench.name}: Import 1: Table"
    assert dynamodb.scan(TableName=bench.name)["Items"] == [{"pk": {"S": "kept"}}]


def test_an_empty_table_of_a_failed_creation_does_not_stay(bench: Workbench) -> None:
    with pytest.raises(DeployError):
        bench.apply({"Table": bench.table(), "Queue": bench.queue(), "Taken": bench.impossible_queue()})
    assert bench.name not in bench.aws.client("dynamodb").list_tables()["TableNames"]


def test_a_protected_stack_cannot_be_deleted_and_says_so(bench: Workbench) -> None:
    bench.apply({"Queue": bench.queue()}, protected=True)
    with pytest.raises(DeployError, match="TerminationProtection"):
        bench.stacks.delete(bench.name)
    assert bench.status == "CREATE_COMPLETE"


def test_deleting_what_is_not_there_is_no_error(bench: Workbench) -> None:
    bench.stacks.delete(bench.name)
    assert bench.said == []


def test_a_template_that_is_too_large_is_refused_before_it_is_sent(bench: Workbench) -> None:
    large = {"Type": "AWS::SNS::Topic", "Metadata": {"filler": "x" * MAX_TEMPLATE_BYTES}}
    with pytest.raises(DeployError, match="too large"):
        bench.apply({"Topic": large})


def test_an_unreachable_aws_is_one_clear_message() -> None:
    from botocore.config import Config

    nobody = LocalAws().client("cloudformation", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(DeployError, match=r"Deploying the stack any failed.\n  Could not connect"):
        Stacks(nobody, print).apply(Stack("any", {}))
