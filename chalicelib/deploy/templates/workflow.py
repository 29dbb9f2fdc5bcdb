"""The workflow stack: what ties the functions together. Deployed after them, and deleted with them."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.templates import alarms, dashboard
from chalicelib.deploy.templates.resources import EVENTS_STREAM
from chalicelib.settings import Settings
from chalicelib.workflow.definition import definition, function_names

LIVE = "live"
"""The alias of a step's function that the workflow invokes."""

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
TRACING = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)
"""Neither log deliveries nor X-Ray have ARNs to name (Step Functions developer guide, "Logging", "X-Ray tracing")."""

STREAM_BATCH = 100
STREAM_RETRIES = 1000
STREAM_MAX_AGE_S = 6 * 3600
"""How long a record is tried before its place goes to the stream-failures queue: longer than an outage lasts, and well
before the stream forgets the record after 24 hours. Meanwhile it holds up a part of its shard; the alarm
projection-late rings after three minutes."""


def stack_name(stage: Stage) -> str:
    return f"orderbridge-{stage.name}-workflow"


def template(stage: Stage, settings: Settings) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Orderbridge {stage.name}: state machine, stream consumer, alarms and dashboard.",
        "Parameters": {EVENTS_STREAM: {"Type": "String", "Description": "Stream of the event store's table"}},
        "Resources": resources(stage, settings, {"Ref": EVENTS_STREAM}),
    }


def resources(stage: Stage, settings: Settings, events_stream: dict[str, Any]) -> dict[str, Any]:
    return {
        "OrderWorkflowLogs": log_group("order", stage, settings),
        "OrderWorkflowRole": _role(settings),
        "OrderWorkflow": _state_machine(stage, settings),
        "ProjectEventsMapping": _project_events_mapping(settings, events_stream),
        **alarms.resources(stage, settings),
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {
                "DashboardName": settings.name("orders"),
                "DashboardBody": json.dumps(dashboard.body(stage, settings), separators=(",", ":")),
            },
        },
    }


def live_arn(function: str, settings: Settings) -> str:
    return f"{BY_NAME[function].arn(settings)}:{LIVE}"


def _role(settings: Settings) -> dict[str, Any]:
    invoked = [live_arn(name, settings) for name in function_names()]
    invoke = {"Sid": "InvokeSteps", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": invoked}
    return state_machine_role("order-workflow", [invoke], settings)


def state_machine_role(name: str, needs: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """A role of a state machine: what it needs for its work, and what every one needs for its logs and traces."""
    statements = [
        *needs,
        {"Sid": "DeliverLogs", "Effect": "Allow", "Action": list(LOG_DELIVERY), "Resource": ["*"]},
        {"Sid": "Trace", "Effect": "Allow", "Action": list(TRACING), "Resource": ["*"]},
    ]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "states.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": settings.account_id}},
    }
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": settings.name(name),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": name, "PolicyDocument": policy}],
        },
    }


def log_group(machine: str, stage: Stage, settings: Settings) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            # The prefix keeps the log's resource policy from growing with every state machine of the account.
            "LogGroupName": f"/aws/vendedlogs/states/{settings.name(machine)}",
            "RetentionInDays": stage.log_retention_days,
        },
    }


def _state_machine(stage: Stage, settings: Settings) -> dict[str, Any]:
    states = definition(lambda function: live_arn(function, settings), stage.workflow_kind)
    return state_machine("order", stage.workflow_kind, states, "OrderWorkflow", settings)


def state_machine(name: str, kind: str, states: dict[str, Any], own_id: str, settings: Settings) -> dict[str, Any]:
    """Beside its role `<own_id>Role` and log group `<own_id>Logs`.

    Logs name the states and errors of failed executions, never their data.
    """
    logs = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [f"{own_id}Logs", "Arn"]}}}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "StateMachineName": settings.name(name),
            "StateMachineType": kind,
            "DefinitionString": json.dumps(states, separators=(",", ":")),
            "RoleArn": {"Fn::GetAtt": [f"{own_id}Role", "Arn"]},
            "TracingConfiguration": {"Enabled": True},
            "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": False, "Destinations": [logs]},
        },
    }


def _project_events_mapping(settings: Settings, events_stream: dict[str, Any]) -> dict[str, Any]:
    """Mapped here, not by Chalice, whose decorator wants the stream's ARN when `app.py` is imported.

    Only inserts matter: events are never changed. Several batches of a shard at once are harmless, because the read
    model is folded from all events of an order, whichever record is looked at.
    """
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": events_stream,
            "FunctionName": BY_NAME["project_events"].aws_name(settings),
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": STREAM_BATCH,
            "MaximumBatchingWindowInSeconds": 0,
            "ParallelizationFactor": 4,
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": STREAM_RETRIES,
            "MaximumRecordAgeInSeconds": STREAM_MAX_AGE_S,
            "DestinationConfig": {
                "OnFailure": {"Destination": settings.arn("sqs", settings.name("stream-failures"))},
            },
        },
    }
