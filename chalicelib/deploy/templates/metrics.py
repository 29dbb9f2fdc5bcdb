"""The metrics that alarms and the dashboard look at, each named once."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.generate import APP_NAME
from chalicelib.read_model.metrics import namespace
from chalicelib.settings import Settings


@dataclass(frozen=True, slots=True)
class Metric:
    """`statistic`: Sum, Average, Maximum or a percentile such as p99; `dimensions`: (name, value), ..."""

    namespace: str
    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()


def states(settings: Settings, name: str) -> Metric:
    """Of the executions of the order workflow."""
    return Metric("AWS/States", name, "Sum", (("StateMachineArn", settings.state_machine_arn),))


def business(settings: Settings, name: str, statistic: str = "Sum") -> Metric:
    """What project_events counts: an event type, or TimeToOutcome."""
    return Metric(namespace(settings.stage), name, statistic)


def queue(settings: Settings, name: str, what: str) -> Metric:
    return Metric("AWS/SQS", what, "Maximum", (("QueueName", settings.name(name)),))


def function(settings: Settings, name: str, what: str, statistic: str) -> Metric:
    return Metric("AWS/Lambda", what, statistic, (("FunctionName", BY_NAME[name].aws_name(settings)),))


def api(stage: Stage, name: str, statistic: str) -> Metric:
    """API Gateway knows an API by its name, which is the same in every stage, and by its own stage, which is not."""
    return Metric("AWS/ApiGateway", name, statistic, (("ApiName", APP_NAME), ("Stage", stage.api_gateway_stage)))


def table(settings: Settings, name: str, what: str) -> Metric:
    return Metric("AWS/DynamoDB", what, "Sum", (("TableName", settings.name(name)),))
