"""The CloudWatch dashboard: is work coming in, does it come out, where does it hang, what refuses."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.deploy.config.functions import FUNCTIONS
from chalicelib.deploy.config.stages import Stage
from chalicelib.deploy.templates import metrics
from chalicelib.deploy.templates.messaging import QUEUES
from chalicelib.deploy.templates.metrics import Metric
from chalicelib.settings import Settings

COLUMNS, WIDTH, HEIGHT = 3, 8, 6
"""The grid of CloudWatch is 24 wide."""

OUTCOMES = ("OrderReceived", "OrderRevised", "OrderConfirmed", "OrderRejected", "OrderCancelled", "OrderFailed")


def body(stage: Stage, settings: Settings) -> dict[str, Any]:
    """The dashboard's document, in the order in which an operator looks."""
    of_queue = [metrics.queue(settings, queue.name, "ApproximateNumberOfMessagesVisible") for queue in QUEUES]
    widgets = [
        _widget("Orders", [metrics.business(settings, event) for event in OUTCOMES]),
        _widget(
            "Executions", [metrics.states(settings, f"Executions{end}") for end in ("Started", "Succeeded", "Failed")]
        ),
        _widget(
            "Time to outcome, ms",
            [metrics.business(settings, "TimeToOutcome", statistic) for statistic in ("p50", "p99")],
        ),
        _widget("API requests", [metrics.api(stage, name, "Sum") for name in ("Count", "4XXError", "5XXError")]),
        _widget("API latency, ms", [metrics.api(stage, "Latency", statistic) for statistic in ("p50", "p99")]),
        _widget("Queues, messages waiting", of_queue),
        _widget("Read model behind, ms", [metrics.function(settings, "project_events", "IteratorAge", "Maximum")]),
        _widget("Duration p99, ms", _of_functions(settings, "Duration", "p99")),
        _widget("Errors", _of_functions(settings, "Errors", "Sum")),
        _widget("Throttled calls", _of_functions(settings, "Throttles", "Sum")),
        _widget("Concurrent executions", _of_functions(settings, "ConcurrentExecutions", "Maximum")),
        _widget("Throttled writes", [metrics.table(settings, table, "WriteThrottleEvents") for table in TABLES]),
    ]
    placed = [{**widget, **_place(number)} for number, widget in enumerate(widgets)]
    for widget in placed:
        widget["properties"]["region"] = settings.region
    return {"widgets": placed}


def _of_functions(settings: Settings, what: str, statistic: str) -> list[Metric]:
    return [metrics.function(settings, function.name, what, statistic) for function in FUNCTIONS]


def _widget(title: str, shown: list[Metric]) -> dict[str, Any]:
    lines = [
        [
            metric.namespace,
            metric.name,
            *(part for pair in metric.dimensions for part in pair),
            {"stat": metric.statistic},
        ]
        for metric in shown
    ]
    properties = {"title": title, "metrics": lines, "view": "timeSeries", "period": 60}
    return {"type": "metric", "properties": properties}


def _place(number: int) -> dict[str, int]:
    row, column = divmod(number, COLUMNS)
    return {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}
