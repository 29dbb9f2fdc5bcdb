"""DynamoDB streams delivered to functions: what becomes of a batch that fails, in whole or in part.

Upstream moves on after every call that returns, so that a record reported in `batchItemFailures` is lost; it
repeats a failing batch for ever and in one piece, and one slow function holds up the others. AWS:
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html

- the checkpoint is the lowest sequence number reported; everything from there on is delivered again;
- no list, an empty or a null list is success; an identifier that is not in the batch is failure of the whole;
- `BisectBatchOnFunctionError` halves a failing batch, without counting it as a retry;
- after `MaximumRetryAttempts` (-1: never), or beyond `MaximumRecordAgeInSeconds`, the batch goes to the
  `OnFailure` destination, as a description without the records, and the stream goes on behind it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import dynamodb, lambda_svc

Mapping = dict[str, Any]
Records = list[dict[str, Any]]

DEFAULT_BATCH_SIZE = 100
RETRY_AFTER_S = 0.5


@dataclass
class _Trouble:
    """What has failed at the current position of a mapping."""

    retries: int = 0
    batch_limit: int | None = None


_troubles: dict[str, _Trouble] = {}


def failed_batches_are_retried() -> None:
    """Replaces upstream's delivery; see the module."""
    lambda_svc._poll_dynamodb_streams = poll


def poll() -> bool:
    """Start a delivery for every mapping that has records and no delivery under way."""
    started = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        with request_scope(account, region):
            table = _table_of(mapping)
            if table and _is_due(mapping, table):
                lambda_svc._dispatch_esm_batch(mapping["UUID"], _deliver, mapping, table)
                started = True
    return started


def _table_of(mapping: Mapping) -> str | None:
    """The table whose current stream the mapping reads."""
    source = mapping["EventSourceArn"]
    if not mapping.get("Enabled", True) or ":dynamodb:" not in source or "/stream/" not in source:
        return None
    name = str(source.split("/stream/")[0].rpartition("/")[2])
    table = dynamodb._tables.get(name)
    return name if table and table.get("LatestStreamArn") == source else None


def _is_due(mapping: Mapping, table: str) -> bool:
    mapping_id = mapping["UUID"]
    if lambda_svc._esm_inflight.get(mapping_id) or lambda_svc._esm_backoff_until.get(mapping_id, 0) > time.time():
        return False
    return bool(dynamodb.stream_end_position(table) > _position(mapping, table))


def _position(mapping: Mapping, table: str) -> int:
    lambda_svc._init_stream_position(mapping["UUID"], mapping["EventSourceArn"], mapping["StartingPosition"])
    position = lambda_svc._dynamodb_stream_positions[mapping["UUID"]]
    return max(int(position), int(dynamodb.stream_start_position(table)))


def _deliver(mapping: Mapping, table: str) -> None:
    function, _config = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping["Qualifier"])
    if function is None:
        return
    trouble = _troubles.setdefault(mapping["UUID"], _Trouble())
    position = _position(mapping, table)
    size = min(int(mapping.get("BatchSize") or DEFAULT_BATCH_SIZE), trouble.batch_limit or DEFAULT_BATCH_SIZE * 100)
    batch: Records = dynamodb.stream_records_since(table, position, size)
    wanted: Records = lambda_svc._apply_filter_criteria(batch, mapping)
    result = lambda_svc._execute_function(function, {"Records": wanted}) if wanted else {}
    first_failed = _first_failed(mapping, wanted, result)
    if first_failed is None:
        _go_on(mapping, position + len(batch), f"OK - {len(batch)} records")
        return
    done = batch.index(wanted[first_failed])
    if done:
        _go_on(mapping, position + done, f"OK - {done} records")
        trouble = _troubles.setdefault(mapping["UUID"], _Trouble())
    remaining = batch[done:]
    if not done and mapping.get("BisectBatchOnFunctionError") and len(remaining) > 1:
        trouble.batch_limit = (len(remaining) + 1) // 2
    elif condition := _given_up(mapping, trouble, remaining):
        source = mapping["EventSourceArn"]
        lambda_svc._send_ddb_stream_failure_record(mapping, function, remaining, source, result, condition)
        _go_on(mapping, position + len(batch), f"PROBLEM: {condition}")
        return
    else:
        trouble.retries += 1
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + RETRY_AFTER_S


def _first_failed(mapping: Mapping, batch: Records, result: dict[str, Any]) -> int | None:
    """Index of the first record to deliver again; None when all are done."""
    if result.get("error"):
        return 0
    body = result.get("body")
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []) or not isinstance(body, dict):
        return None
    failures = body.get("batchItemFailures") or []
    places = {record["dynamodb"]["SequenceNumber"]: index for index, record in enumerate(batch)}
    return min((places.get(failure.get("itemIdentifier"), 0) for failure in failures), default=None)


def _given_up(mapping: Mapping, trouble: _Trouble, batch: Records) -> str | None:
    """The condition under which AWS stops retrying, if it is met."""
    retries = mapping.get("MaximumRetryAttempts")
    if retries is not None and 0 <= int(retries) <= trouble.retries:
        return "RetryAttemptsExhausted"
    age_s = mapping.get("MaximumRecordAgeInSeconds")
    oldest = min(float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in batch)
    return "MaxRecordAgeExceeded" if age_s and 0 < int(age_s) < time.time() - oldest else None


def _go_on(mapping: Mapping, position: int, outcome: str) -> None:
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    mapping["LastProcessingResult"] = outcome
    _troubles.pop(mapping["UUID"], None)
