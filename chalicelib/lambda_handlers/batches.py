"""Between Lambda's events and bulk intake: parse, call one thing, answer. `app.py` calls these in one line each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import Misconfigured
from chalicelib.observability import log_context
from chalicelib.wiring.application import application

if TYPE_CHECKING:
    from chalicelib.batches.model import Batch
    from chalicelib.wiring.batches import Batches


def start_batch(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """EventBridge says that an upload is finished."""
    batches = application(context.invoked_function_arn).batches
    uploaded = event["detail"]["object"]
    with log_context(step="StartBatch", request_id=context.aws_request_id):
        batch = batches.start(uploaded["key"], uploaded.get("version-id", ""))
        if batch is None:
            _announce_refusal(batches, uploaded["key"])
        return {"batch_id": batch.batch_id if batch else ""}


def split_batch(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """The first state: {"batch_id", "split": what the last call answered}."""
    batches = application(context.invoked_function_arn).batches
    with log_context(step="SplitBatch", batch_id=event["batch_id"], request_id=context.aws_request_id):
        splitting = batches.split(_batch(batches, event), int(event["split"]["pages"]))
        if splitting.state == "refused":
            batches.announce_end(_batch(batches, event))
        return asdict(splitting)


def work_on_page(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """One page of the map: {"batch_id", "page"}."""
    batches = application(context.invoked_function_arn).batches
    batch_id, page = event["batch_id"], int(event["page"])
    with log_context(step="WorkOnPage", batch_id=batch_id, page=page, request_id=context.aws_request_id):
        return asdict(batches.work_on_page(batch_id, page))


def report_batch(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """The last state: {"batch_id"}."""
    batches = application(context.invoked_function_arn).batches
    with log_context(step="ReportBatch", batch_id=event["batch_id"], request_id=context.aws_request_id):
        batch = batches.report(_batch(batches, event))
        batches.announce_end(batch)
        return {"state": batch.state}


def _announce_refusal(batches: Batches, key: str) -> None:
    """Nobody is told of an object that no upload was asked for."""
    from chalicelib.batches.start import upload_id_of

    upload = batches.ledger.upload(upload_id_of(key))
    if upload is not None and upload.problem:
        batches.announce_end(upload)


def _batch(batches: Batches, event: Mapping[str, Any]) -> Batch:
    batch = batches.ledger.batch(event["batch_id"])
    if batch is None:
        raise Misconfigured(f"there is no batch {event['batch_id']} in the table control")
    return batch
