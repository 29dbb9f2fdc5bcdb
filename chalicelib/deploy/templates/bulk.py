"""The bulk stack: the state machine of batches, and the rule by which a finished upload starts one.

Beside the workflow stack, not in it: a template may have 51,200 bytes. Deployed and deleted together with it.
"""

from __future__ import annotations

from typing import Any

from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.templates.workflow import log_group, state_machine, state_machine_role
from chalicelib.settings import Settings
from chalicelib.workflow import bulk

STARTER = "start_batch"
UPLOADS = "uploads/"
UPLOAD_NOTICE_MAX_AGE_S = 6 * 3600
UPLOAD_NOTICE_RETRIES = 2
"""The most that Lambda allows. What fails three times goes to the parking queue, where the alarm messages-parked sees
it; the file stays, and sending it again starts it."""


def stack_name(stage: Stage) -> str:
    return f"orderbridge-{stage.name}-bulk"


def template(stage: Stage, settings: Settings) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Orderbridge {stage.name}: bulk intake, from a finished upload to the report.",
        "Resources": resources(stage, settings),
    }


def resources(stage: Stage, settings: Settings) -> dict[str, Any]:
    states = bulk.definition(lambda name: BY_NAME[name].arn(settings), settings.bucket("batches"), stage.bulk_pages)
    return {
        "BulkWorkflowLogs": log_group("bulk", stage, settings),
        "BulkWorkflowRole": state_machine_role("bulk-workflow", _statements(settings), settings),
        "BulkWorkflow": state_machine("bulk", "STANDARD", states, "BulkWorkflow", settings),
        "UploadRule": _rule(settings),
        "UploadRulePermission": _permission(settings),
        "UploadRuleRetries": _retries(settings),
        "BatchesFailedAlarm": _alarm(settings),
    }


def _alarm(settings: Settings) -> dict[str, Any]:
    name, topic = "batches-incomplete", settings.arn("sns", settings.name("alerts"))
    meaning = "A batch ended although lines of it could not be handed over: fix the cause, then resume it."
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": settings.name(name),
            "AlarmDescription": f"{meaning} See docs/batches.md, {name}.",
            "Namespace": "AWS/States",
            "MetricName": "ExecutionsFailed",
            "Dimensions": [{"Name": "StateMachineArn", "Value": settings.bulk_state_machine_arn}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [topic],
            "OKActions": [topic],
        },
    }


def _rule(settings: Settings) -> dict[str, Any]:
    """On the default bus, where S3 publishes."""
    pattern = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [settings.bucket("batches")]}, "object": {"key": [{"prefix": UPLOADS}]}},
    }
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "Name": settings.name("uploads"),
            "Description": "A finished upload of orders starts its batch",
            "EventPattern": pattern,
            "Targets": [{"Id": STARTER.replace("_", "-"), "Arn": BY_NAME[STARTER].arn(settings)}],
        },
    }


def _permission(settings: Settings) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": BY_NAME[STARTER].aws_name(settings),
            "Principal": "events.amazonaws.com",
            "SourceArn": settings.arn("events", f"rule/{settings.name('uploads')}"),
        },
    }


def _retries(settings: Settings) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": BY_NAME[STARTER].aws_name(settings),
            "Qualifier": "$LATEST",
            "MaximumEventAgeInSeconds": UPLOAD_NOTICE_MAX_AGE_S,
            "MaximumRetryAttempts": UPLOAD_NOTICE_RETRIES,
            "DestinationConfig": {"OnFailure": {"Destination": settings.arn("sqs", settings.name("parking"))}},
        },
    }


def _statements(settings: Settings) -> list[dict[str, Any]]:
    """What the state machine needs for itself: its functions, its manifest and results, its own child executions.

    From the Step Functions developer guide, "IAM policies for using Distributed Map states".
    """
    machine, files = settings.bulk_state_machine_arn, f"arn:aws:s3:::{settings.bucket('batches')}/batches/*"
    children = machine.replace(":stateMachine:", ":execution:") + f"/{bulk.PAGE_LABEL}:*"
    functions = [BY_NAME[name].arn(settings) for name in bulk.function_names()]
    writing = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    return [
        _allow("InvokeFunctions", ["lambda:InvokeFunction"], functions),
        _allow("StartPages", ["states:StartExecution"], [machine]),
        _allow("WatchPages", ["states:DescribeExecution", "states:StopExecution"], [children]),
        _allow("ReadManifest", ["s3:GetObject"], [files]),
        _allow("WriteResults", writing, [files]),
    ]


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
