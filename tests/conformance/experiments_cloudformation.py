"""Stacks: what they refuse, and what becomes of the data."""

from __future__ import annotations

import json
from typing import Any

from tests.conformance.lab import Lab, policy, shows


def table(name: str, **properties: Any) -> dict[str, Any]:
    """A table that outlives its stack."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            **properties,
        },
    }


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def deploy(lab: Lab, body: str, stack: str) -> tuple[str, list[str]]:
    """Status of the new stack once it has one, and why resources have failed."""
    lab.client("cloudformation").create_stack(StackName=stack, TemplateBody=body)
    return settled(lab, stack)


def settled(lab: Lab, stack: str) -> tuple[str, list[str]]:
    client = lab.client("cloudformation")

    def status() -> str | None:
        found = str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        return None if found.endswith("_IN_PROGRESS") else found

    ended = lab.wait_for(status)
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return ended, [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]


@shows("cloudformation.existing_resources_are_refused")
def data_survive_their_stack_and_come_back_by_import(lab: Lab) -> None:
    name, stack = lab.name("kept"), lab.name("stack")
    client, dynamodb = lab.client("cloudformation"), lab.client("dynamodb")
    body = template(Orders=table(name))
    assert deploy(lab, body, stack)[0] == "CREATE_COMPLETE"
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "order"}})
    client.delete_stack(StackName=stack)
    lab.wait_for(lambda: lab.error_code(lambda: client.describe_stacks(StackName=stack)))

    ended, reasons = deploy(lab, body, lab.name("stack"))
    assert ended == "ROLLBACK_COMPLETE"
    assert reasons == [f"Resource of type 'AWS::DynamoDB::Table' with identifier '{name}' already exists."]
    assert dynamodb.scan(TableName=name)["Count"] == 1

    again = lab.name("stack")
    client.create_change_set(
        StackName=again,
        ChangeSetName="import",
        ChangeSetType="IMPORT",
        TemplateBody=body,
        ResourcesToImport=[
            {
                "ResourceType": "AWS::DynamoDB::Table",
                "LogicalResourceId": "Orders",
                "ResourceIdentifier": {"TableName": name},
            }
        ],
    )
    client.get_waiter("change_set_create_complete").wait(
        StackName=again, ChangeSetName="import", WaiterConfig={"Delay": 1}
    )
    client.execute_change_set(StackName=again, ChangeSetName="import")
    lab.wait_for(lambda: settled(lab, again)[0] == "IMPORT_COMPLETE")
    assert dynamodb.scan(TableName=name)["Count"] == 1


@shows("cloudformation.table_options")
def a_table_expires_items_and_can_be_recovered(lab: Lab) -> None:
    name = lab.name("table")
    options = {
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    }
    deploy(lab, template(Orders=table(name, **options)), lab.name("stack"))
    client = lab.client("dynamodb")
    assert client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


@shows("cloudformation.checks_of_the_services")
def a_stack_fails_where_the_service_would_refuse(lab: Lab) -> None:
    function = lab.function("def handler(event, context): pass", allowed=policy((["sqs:SendMessage"], "*")))
    mapping = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {"FunctionName": function, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
    }
    ended, reasons = deploy(lab, template(Queue={"Type": "AWS::SQS::Queue"}, Mapping=mapping), lab.name("stack"))
    assert ended == "ROLLBACK_COMPLETE"
    assert "does not have permissions to call ReceiveMessage on SQS" in reasons[0]

    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": lab.role(), "DefinitionString": '{"StartAt": "Nowhere", "States": {}}'},
    }
    ended, reasons = deploy(lab, template(Machine=machine), lab.name("stack"))
    assert ended == "ROLLBACK_COMPLETE"
    assert "Invalid State Machine Definition" in reasons[0]


def what_needs_no_adaptation(lab: Lab) -> None:
    """An update without a change says so, in both of AWS's ways; a change of a table keeps its items."""
    name, stack = lab.name("table"), lab.name("stack")
    client, dynamodb = lab.client("cloudformation"), lab.client("dynamodb")
    body = template(Orders=table(name))
    deploy(lab, body, stack)
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "order"}})
    assert lab.error_code(lambda: client.update_stack(StackName=stack, TemplateBody=body)) == "ValidationError"
    client.create_change_set(StackName=stack, ChangeSetName="none", ChangeSetType="UPDATE", TemplateBody=body)

    def failed() -> Any:
        found = client.describe_change_set(StackName=stack, ChangeSetName="none")
        return found if found["Status"] == "FAILED" else None

    assert "didn't contain changes" in lab.wait_for(failed)["StatusReason"]
    changed = template(Orders=table(name, StreamSpecification={"StreamViewType": "NEW_IMAGE"}))
    client.update_stack(StackName=stack, TemplateBody=changed)
    lab.wait_for(lambda: settled(lab, stack)[0] == "UPDATE_COMPLETE")
    assert dynamodb.scan(TableName=name)["Count"] == 1
