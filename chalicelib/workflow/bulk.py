"""The Amazon States Language of the bulk state machine: split the file, work on its pages in parallel, report.

A page takes three transitions, and three more for every two minutes that its orders need; so an order of a batch costs
some hundredths of a transition besides its own workflow. STANDARD always: a batch may last for hours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.workflow.definition import retrier
from chalicelib.workflow.table import BATCH_STEPS, REPORT_BATCH, SPLIT_FILE, WORK_ON_PAGE, Step

TIMEOUT_S = 24 * 3600
"""A batch that takes longer is stopped; sending it again, or resuming it, goes on."""

TOLERATED_FAILED_PAGES_PERCENT = 20
"""Pages that fail although everything was retried. Up to here the others go on, above they are stopped: then it is not
the page. Either way the report says which lines were not handed over."""

MAP = "WorkOnPages"
PAGE_LABEL = "pages"


def function_names() -> tuple[str, ...]:
    """The Lambda functions that the state machine invokes."""
    return tuple(step.function for step in BATCH_STEPS)


def definition(function_arn: Callable[[str], str], bucket: str, pages_in_flight: int) -> dict[str, Any]:
    """The state machine; its input is {"batch_id"}. `bucket` holds the manifests and takes the map's own results."""
    return {
        "Comment": "Takes in one file of orders and says what became of each of its lines",
        "StartAt": SPLIT_FILE.name,
        "TimeoutSeconds": TIMEOUT_S,
        "States": {
            SPLIT_FILE.name: {
                **_task(SPLIT_FILE, function_arn, {"batch_id.$": "$.batch_id", "split.$": "$.split"}),
                "ResultPath": "$.split",
                "Next": "IsFileSplit",
                "Catch": [_report_all_the_same()],
            },
            "IsFileSplit": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.split.state", "StringEquals": "more", "Next": SPLIT_FILE.name},
                    {"Variable": "$.split.state", "StringEquals": "refused", "Next": "FileRefused"},
                ],
                "Default": MAP,
            },
            "FileRefused": {"Type": "Succeed", "Comment": "The batch says why; a broken file is no failure of ours"},
            MAP: _map(function_arn, bucket, pages_in_flight),
            REPORT_BATCH.name: {
                **_task(REPORT_BATCH, function_arn, {"batch_id.$": "$.batch_id"}),
                "ResultPath": "$.report",
                "Next": "WasAnythingLeft",
            },
            "WasAnythingLeft": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.failure", "IsPresent": True, "Next": "BatchIncomplete"}],
                "Default": "BatchDone",
            },
            "BatchDone": {"Type": "Succeed"},
            "BatchIncomplete": {
                "Type": "Fail",
                "Error": "BatchIncomplete",
                "Cause": "Some pages could not be worked on; fix the cause, then resume the batch or send it again",
            },
        },
    }


def first_input(batch_id: str) -> dict[str, Any]:
    """The input of an execution: nothing is split yet."""
    return {"batch_id": batch_id, "split": {"state": "more", "pages": 0}}


def _map(function_arn: Callable[[str], str], bucket: str, pages_in_flight: int) -> dict[str, Any]:
    """Each page is a child execution with its own history, so that no limit of a history bounds a batch."""
    return {
        "Type": "Map",
        "Comment": "Pages in flight times the window of a page bound the orders in flight",
        "Label": PAGE_LABEL,
        "MaxConcurrency": pages_in_flight,
        "ToleratedFailurePercentage": TOLERATED_FAILED_PAGES_PERCENT,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {
                "Bucket": bucket,
                "Key.$": "States.Format('batches/{}/manifest.jsonl', $.batch_id)",
            },
        },
        "ItemSelector": {"batch_id.$": "$.batch_id", "page.$": "$$.Map.Item.Value.page"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": WORK_ON_PAGE.name,
            "States": {
                WORK_ON_PAGE.name: {
                    **_task(WORK_ON_PAGE, function_arn, {"batch_id.$": "$.batch_id", "page.$": "$.page"}),
                    "ResultPath": "$.progress",
                    "Next": "IsPageDone",
                },
                "IsPageDone": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.progress.done", "BooleanEquals": True, "Next": "PageDone"}],
                    "Default": "WaitForOrders",
                },
                "WaitForOrders": {"Type": "Wait", "SecondsPath": "$.progress.wait_s", "Next": WORK_ON_PAGE.name},
                "PageDone": {"Type": "Succeed"},
            },
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": bucket, "Prefix.$": "States.Format('batches/{}/map', $.batch_id)"},
        },
        "ResultPath": None,
        "Next": REPORT_BATCH.name,
        "Catch": [_report_all_the_same()],
    }


def _report_all_the_same() -> dict[str, Any]:
    return {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": REPORT_BATCH.name}


def _task(step: Step, function_arn: Callable[[str], str], parameters: dict[str, str]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": function_arn(step.function),
        "Parameters": parameters,
        "TimeoutSeconds": step.timeout_s,
        "Retry": [retrier(retry) for retry in step.retries],
        "Comment": step.comment,
    }
