"""Business metrics, counted once per event from the stream: CloudWatch Embedded Metric Format on standard output.

The format is a log line, so a metric costs no call. A redelivered stream record is counted again; that is rare and
visible in the iterator's age, and the events themselves stay the truth.
Source: CloudWatch, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
import sys

from chalicelib.domain.events import OUTCOMES, OrderFailed, RecordedEvent
from chalicelib.domain.state import Order
from chalicelib.read_model.project_events import Listener
from chalicelib.workflow.table import UNDOING

STUCK = "CompensationFailed"
"""An order that should have been undone is FAILED: it still holds money or stock."""


def namespace(stage: str) -> str:
    """Of the metrics of a stage: two stages of one account must not be counted together."""
    return f"Orderbridge/{stage}"


def counting(stage: str) -> Listener:
    """The listener of the event stream that counts for that stage."""

    def listen(recorded: RecordedEvent, order: Order) -> None:
        print(json.dumps(count(namespace(stage), recorded, order)), file=sys.stdout)

    return listen


def count(into: str, recorded: RecordedEvent, order: Order) -> dict[str, object]:
    """One count per event type and source; for the event that ends a revision, also its age in milliseconds.

    A compensation that failed for good, or an undoing that was given up, is counted once more, under a name of its own.
    """
    metrics = [{"Name": recorded.type, "Unit": "Count"}]
    values: dict[str, float] = {recorded.type: 1}
    if isinstance(recorded.event, OrderFailed) and (recorded.event.step in UNDOING or order.is_undone):
        metrics.append({"Name": STUCK, "Unit": "Count"})
        values[STUCK] = 1
    if isinstance(recorded.event, OUTCOMES):
        metrics.append({"Name": "TimeToOutcome", "Unit": "Milliseconds"})
        came = order.revision_at(recorded.sequence).received_at
        values["TimeToOutcome"] = round((recorded.recorded_at - came).total_seconds() * 1000)
    return {
        "_aws": {
            "Timestamp": int(recorded.recorded_at.timestamp() * 1000),
            "CloudWatchMetrics": [{"Namespace": into, "Dimensions": [["source"], []], "Metrics": metrics}],
        },
        "source": recorded.source,
        **values,
    }
