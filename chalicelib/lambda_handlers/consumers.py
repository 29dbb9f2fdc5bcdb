"""The consumers: the event store's stream, the two queues, and the sweeper's schedule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.acknowledgements.callback import SOURCE_TIME
from chalicelib.acknowledgements.notice import source_of
from chalicelib.domain.errors import CorruptHistory, OrderbridgeError
from chalicelib.observability import log_context, thread_log_context
from chalicelib.wiring.application import application

if TYPE_CHECKING:
    from chalicelib.domain.events import RecordedEvent
    from chalicelib.ports import Clock


def project_events(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the event store's stream; answers which record to deliver again (with all after it)."""
    app = application(context.invoked_function_arn)
    with log_context(step="ProjectEvents", request_id=context.aws_request_id):
        return project_records(event["Records"], app.project_events, app.send_to_stream_failures)


def project_records(
    stream: Sequence[Mapping[str, Any]],
    project: Callable[[Sequence[RecordedEvent]], RecordedEvent | None],
    send_to_stream_failures: Callable[[str, str], None],
) -> dict[str, list[dict[str, str]]]:
    """The records as events, each once; one that cannot be read is kept for an operator and holds up no other."""
    from chalicelib.adapters.dynamodb.events.codec import from_stream_record

    records: dict[tuple[str, int], tuple[RecordedEvent, str]] = {}
    for record in stream:
        try:
            recorded = from_stream_record(record)
        except CorruptHistory as error:
            send_to_stream_failures(record["dynamodb"]["Keys"]["pk"]["S"], str(error))
            continue
        if recorded is not None:
            key = (recorded.order_id, recorded.sequence)
            records.setdefault(key, (recorded, record["dynamodb"]["SequenceNumber"]))  # its first place in the stream
    failed = project([recorded for recorded, _ in records.values()])
    if failed is None:
        return {"batchItemFailures": []}
    return {"batchItemFailures": [{"itemIdentifier": records[failed.order_id, failed.sequence][1]}]}


def sweep(context: Any) -> dict[str, int]:
    """The scheduled look for orders that nothing carries on, and for outcomes of which an ERP has not heard."""
    app = application(context.invoked_function_arn)
    with log_context(step="Sweep", request_id=context.aws_request_id):
        try:
            counts = app.sweeper()
        finally:  # the one must not wait for the other to work
            outcomes = app.reconcile_outcomes()
        return {**counts, "outcomes": outcomes["announced"]}


def consume_dead_letters(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the dead-letter queue."""
    return each_message("DeadLetters", event, context, application(context.invoked_function_arn).dead_letter_consumer)


def acknowledge_erp(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of outcomes that ERPs want to be called about. One that fails comes again, later each time."""
    app = application(context.invoked_function_arn)

    def postpone(record: Mapping[str, Any]) -> None:
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        app.postpone_acknowledgement(record["receiptHandle"], receives)

    return each_source("AcknowledgeErp", event, context, app.acknowledge_erp, postpone, app.clock)


def each_message(
    step: str,
    event: Mapping[str, Any],
    context: Any,
    handle: Callable[[str], None],
    postpone: Callable[[Mapping[str, Any]], None] = lambda _: None,
) -> dict[str, list[dict[str, str]]]:
    """Each message stands alone; those that must come again are named."""
    again = []
    for record in event["Records"]:
        with log_context(step=step, request_id=context.aws_request_id, message_id=record["messageId"]) as log:
            try:
                handle(record["body"])
            except OrderbridgeError as error:
                log.warning("message comes again", extra={"error": type(error).__name__, "detail": str(error)})
                again.append({"itemIdentifier": record["messageId"]})
                postpone(record)
    return {"batchItemFailures": again}


def each_source(
    step: str,
    event: Mapping[str, Any],
    context: Any,
    handle: Callable[[str, int], None],
    postpone: Callable[[Mapping[str, Any]], None],
    clock: Clock,
) -> dict[str, list[dict[str, str]]]:
    """The messages of each source after each other, those of different sources at the same time.

    Whatever a message suffers, also a bug, stays with it; what one source takes too long for waits for another batch.
    """
    by_source: dict[str, list[Mapping[str, Any]]] = {}
    for record in event["Records"]:
        by_source.setdefault(source_of(record["body"]), []).append(record)

    def work(records: Sequence[Mapping[str, Any]]) -> list[str]:
        ends_at = clock.now() + SOURCE_TIME
        return [record["messageId"] for record in records if not _handled(record, handle, postpone, clock, ends_at)]

    with log_context(step=step, request_id=context.aws_request_id), ThreadPoolExecutor(len(by_source)) as threads:
        again = [name for names in threads.map(work, by_source.values()) for name in names]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in again]}


def _handled(
    record: Mapping[str, Any],
    handle: Callable[[str, int], None],
    postpone: Callable[[Mapping[str, Any]], None],
    clock: Clock,
    ends_at: datetime,
) -> bool:
    """Whether the message is done with; else it was postponed."""
    with thread_log_context(message_id=record["messageId"]) as log:
        try:
            if clock.now() < ends_at:
                handle(record["body"], int(record["attributes"]["ApproximateReceiveCount"]))
                return True
            log.warning("message waits for another batch: its ERP is slow")
        except OrderbridgeError as error:
            log.warning("message comes again", extra={"error": type(error).__name__, "detail": str(error)})
        except Exception:
            log.exception("message comes again")
        postpone(record)
        return False
