"""Between Lambda's events and the application: parse, call one thing, answer. `app.py` calls these in one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import application
from chalicelib.domain.errors import CorruptHistory, OrderbridgeError, Rejection
from chalicelib.observability import log_context

if TYPE_CHECKING:
    from chalicelib.api.services import ApiServices


def run_step(name: str, event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """A workflow step. A business "no" leaves as its exception, without a traceback that would bloat the history."""
    app = application(context.invoked_function_arn)
    order_id, retry = event["order_id"], int(event.get("retry", 0))
    with _step_context(name, event, context) as log:
        try:
            status = app.switches.around("step", lambda: app.step(name, retry)(order_id), operation=name)
        except Rejection as rejection:
            log.info("step says no", extra={"kind": type(rejection).__name__, "codes": _codes(rejection)})
            raise rejection.with_traceback(None) from None
        except Exception as error:
            log.exception("step failed", extra={"error": type(error).__name__})
            raise
        log.info("step done", extra={"status": status})
        return {"order_id": order_id, "status": status}


def handle_failure(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """The Catch of all technical failures."""
    from chalicelib.domain.failures import caught

    app = application(context.invoked_function_arn)
    with _step_context("HandleFailure", event, context):

        def park() -> str:
            return app.handle_failure(event["order_id"], caught(event["failure"]), int(event.get("retry", 0)))

        status = app.switches.around("step", park, operation="HandleFailure")
        return {"order_id": event["order_id"], "status": status}


def project_events(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the event store's stream; answers which record to deliver again (with all after it)."""
    from chalicelib.adapters.dynamodb.events.codec import from_stream_record

    app = application(context.invoked_function_arn)
    with log_context(step="ProjectEvents", request_id=context.aws_request_id):
        records = {}
        for record in event["Records"]:
            try:
                recorded = from_stream_record(record)
            except CorruptHistory as error:
                app.set_aside(record["dynamodb"]["Keys"]["pk"]["S"], str(error))
                continue
            if recorded is not None:
                records[recorded.order_id, recorded.sequence] = (recorded, record["dynamodb"]["SequenceNumber"])
        failed = app.project_events([recorded for recorded, _ in records.values()])
        if failed is None:
            return {"batchItemFailures": []}
        return {"batchItemFailures": [{"itemIdentifier": records[failed.order_id, failed.sequence][1]}]}


def sweep(context: Any) -> dict[str, int]:
    """The scheduled look for orders that nothing carries on."""
    app = application(context.invoked_function_arn)
    with log_context(step="Sweep", request_id=context.aws_request_id):
        return app.sweeper()


def consume_dead_letters(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of the dead-letter queue."""
    return _each_message("DeadLetters", event, context, application(context.invoked_function_arn).dead_letter_consumer)


def acknowledge_erp(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A batch of outcomes that ERPs want to be called about. One that fails comes again, later each time."""
    app = application(context.invoked_function_arn)

    def postpone(record: Mapping[str, Any]) -> None:
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        app.postpone_acknowledgement(record["receiptHandle"], receives)

    return _each_message("AcknowledgeErp", event, context, app.acknowledge_erp, postpone)


def _each_message(
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


def authorize(request: Any) -> Any:
    """Who calls the API. Chalice hides the context here, but not the ARN of the method that is called."""
    from chalicelib.api.authorizer import authorizer_response

    app = application(request.method_arn)
    return authorizer_response(request, app.tokens, app.clock)


def api_services() -> ApiServices:
    """What the routes work with."""
    return application().api


def _step_context(name: str, event: Mapping[str, Any], context: Any) -> Any:
    execution = str(event.get("execution", ""))
    return log_context(
        step=name,
        order_id=event["order_id"],
        correlation_id=event.get("correlation_id", ""),
        attempt=execution.rpartition("-")[2],
        retry=int(event.get("retry", 0)),
        request_id=context.aws_request_id,
    )


def _codes(rejection: Rejection) -> list[str]:
    return [reason.code for reason in rejection.reasons[:10]]
