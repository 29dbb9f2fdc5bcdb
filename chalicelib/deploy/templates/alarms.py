"""Alarms, each with what it means and where to read what to do. All go to the topic `alerts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.deploy.config.functions import FUNCTIONS
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.templates import metrics
from chalicelib.deploy.templates.metrics import Metric
from chalicelib.read_model.metrics import STUCK
from chalicelib.settings import Settings
from chalicelib.workflow.definition import function_names

RUNBOOK = "docs/operations.md"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Rings when `metric` is at or above `threshold` in `bad` of the last `of` periods of a minute."""

    name: str
    meaning: str
    metric: Metric
    threshold: float
    bad: int = 1
    of: int = 1


def alarms(stage: Stage, settings: Settings) -> list[Alarm]:
    return [*_orders(settings), *_background(settings), *_api(stage), *_limits(settings), *_functions(settings)]


def _orders(settings: Settings) -> list[Alarm]:
    return [
        Alarm(
            "orders-parked",
            "Orders failed for technical reasons and wait as FAILED.",
            metrics.states(settings, "ExecutionsFailed"),
            1,
        ),
        Alarm(
            "money-or-stock-stuck",
            "A refund or a release failed for good: an order that is undone still holds money or stock.",
            metrics.business(settings, STUCK),
            1,
        ),
        Alarm(
            "workflow-timeouts",
            "Executions ran out of time; the sweeper restarts them.",
            metrics.states(settings, "ExecutionsTimedOut"),
            1,
        ),
    ]


def _background(settings: Settings) -> list[Alarm]:
    return [
        Alarm(
            "dead-letters-waiting",
            "Dead letters are not being consumed: consume_dead_letters fails or is throttled.",
            metrics.queue(settings, "dead-letters", "ApproximateNumberOfMessagesVisible"),
            1,
            bad=5,
            of=5,
        ),
        Alarm(
            "messages-parked",
            "Messages that nobody can process are in the parking queue.",
            metrics.queue(settings, "parking", "ApproximateNumberOfMessagesVisible"),
            1,
        ),
        Alarm(
            "stream-failures",
            "Events were not projected, published or counted; rebuild the read model with the replay.",
            metrics.queue(settings, "stream-failures", "ApproximateNumberOfMessagesVisible"),
            1,
        ),
        Alarm(
            "acknowledgements-late",
            "ERPs have not been told the outcome of orders for 15 minutes.",
            metrics.queue(settings, "acknowledgements", "ApproximateAgeOfOldestMessage"),
            15 * 60,
        ),
        Alarm(
            "projection-late",
            "The read model is more than a minute behind the events.",
            metrics.function(settings, "project_events", "IteratorAge", "Maximum"),
            60_000,
            bad=3,
            of=3,
        ),
    ]


def _api(stage: Stage) -> list[Alarm]:
    return [
        Alarm(
            "api-errors",
            "At least one request in 100 ends with 5xx.",
            metrics.api(stage, "5XXError", "Average"),
            0.01,
            2,
            3,
        ),
        Alarm(
            "api-slow", "One request in 100 takes longer than 800 ms.", metrics.api(stage, "Latency", "p99"), 800, 3, 5
        ),
    ]


def _limits(settings: Settings) -> list[Alarm]:
    return [
        Alarm(
            "functions-throttled",
            "Lambda refuses calls: the account's concurrency is used up.",
            Metric("AWS/Lambda", "Throttles", "Sum"),
            1,
            bad=2,
            of=5,
        ),
        *(
            Alarm(
                f"table-throttled-{table}",
                f"DynamoDB refuses writes to the table {table}: a hot key, or a limit of the account.",
                metrics.table(settings, table, "WriteThrottleEvents"),
                1,
                bad=2,
                of=5,
            )
            for table in TABLES
        ),
    ]


def _functions(settings: Settings) -> list[Alarm]:
    """Those of the workflow are not among them: their errors are retried, and end as `orders-parked` if they last."""
    background = [function for function in FUNCTIONS if function.name not in function_names()]
    return [
        *(
            Alarm(
                f"function-errors-{function.name}",
                f"{function.name} fails again and again.",
                metrics.function(settings, function.name, "Errors", "Sum"),
                1,
                bad=3,
                of=5,
            )
            for function in background
        ),
    ]


def resources(stage: Stage, settings: Settings) -> dict[str, Any]:
    return {logical_id(alarm.name): _resource(alarm, settings) for alarm in alarms(stage, settings)}


def logical_id(name: str) -> str:
    return "".join(word.capitalize() for word in name.replace("_", "-").split("-")) + "Alarm"


def _resource(alarm: Alarm, settings: Settings) -> dict[str, Any]:
    topic = settings.arn("sns", settings.name("alerts"))
    percentile = alarm.metric.statistic.startswith("p")
    properties = {
        "AlarmName": settings.name(alarm.name),
        "AlarmDescription": f"{alarm.meaning} See {RUNBOOK}, {alarm.name}.",
        "Namespace": alarm.metric.namespace,
        "MetricName": alarm.metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.metric.dimensions],
        "ExtendedStatistic" if percentile else "Statistic": alarm.metric.statistic,
        "Period": 60,
        "EvaluationPeriods": alarm.of,
        "DatapointsToAlarm": alarm.bad,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": alarm.threshold,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }
    if percentile:
        properties["EvaluateLowSampleCountPercentile"] = "ignore"
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
