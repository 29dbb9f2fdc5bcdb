"""The resources stack: what the functions work on. Deployed before them, and kept when they are deleted."""

from __future__ import annotations

from typing import Any

from chalicelib.deploy.config.functions import API_HANDLER, BY_NAME
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.templates import data, messaging
from chalicelib.deploy.templates.data import KEPT, table_id
from chalicelib.settings import Settings

EVENTS_STREAM = "EventsStreamArn"
"""Output of this stack, parameter of the workflow stack: AWS makes up a part of the stream's ARN."""


def stack_name(stage: Stage) -> str:
    return f"orderbridge-{stage.name}-resources"


def template(stage: Stage, settings: Settings) -> dict[str, Any]:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Orderbridge {stage.name}: data, queues, topic and event bus. Kept by chalice delete.",
        "Resources": {
            **data.resources(stage, settings),
            **messaging.resources(settings),
            "ApiLogs": _api_logs(stage, settings),
        },
        "Outputs": {EVENTS_STREAM: {"Value": events_stream()}},
    }


def events_stream() -> dict[str, Any]:
    """A reference to the stream of the event store's table."""
    return {"Fn::GetAtt": [table_id("events"), "StreamArn"]}


def _api_logs(stage: Stage, settings: Settings) -> dict[str, Any]:
    """The log of the API's function: Chalice sets the retention of a log group of another name, which stays empty."""
    properties = {
        "LogGroupName": BY_NAME[API_HANDLER].log_group(settings),
        "RetentionInDays": stage.log_retention_days,
    }
    return {"Type": "AWS::Logs::LogGroup", **KEPT, "Properties": properties}
