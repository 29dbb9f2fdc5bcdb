"""The functions of the order workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import Rejection
from chalicelib.observability import log_context
from chalicelib.wiring.application import application
from chalicelib.workflow.execution import attempt_of


def run_step(name: str, event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """A workflow step. A business "no" leaves as its exception, without a traceback that would bloat the history."""
    app = application(context.invoked_function_arn)
    order_id, retry, attempt = event["order_id"], int(event.get("retry", 0)), _attempt(event)

    def run() -> str:
        return app.step(name, retry, attempt)(order_id)

    with _step_context(name, event, context) as log:
        try:
            status = app.switches.with_faults("step", run, operation=name)
        except Rejection as rejection:
            log.info("step says no", extra={"kind": type(rejection).__name__, "codes": _codes(rejection)})
            raise rejection.with_traceback(None) from None
        except Exception as error:
            log.exception("step failed", extra={"error": type(error).__name__})
            raise
        log.info("step done", extra={"status": status})
        return {"order_id": order_id, "status": status}


def handle_failure(event: Mapping[str, Any], context: Any) -> dict[str, str]:
    """The Catch of all technical failures; `status` is what becomes of the order (steps.handle_failure.Handled)."""
    from chalicelib.domain.failures import caught

    app = application(context.invoked_function_arn)
    with _step_context("HandleFailure", event, context):

        def park() -> str:
            retries = int(event.get("retry", 0))
            return app.handle_failure(event["order_id"], caught(event["failure"]), retries, _attempt(event))

        status = app.switches.with_faults("step", park, operation="HandleFailure")
        return {"order_id": event["order_id"], "status": status}


def _step_context(name: str, event: Mapping[str, Any], context: Any) -> Any:
    return log_context(
        step=name,
        order_id=event["order_id"],
        correlation_id=event.get("correlation_id", ""),
        attempt=_attempt(event),
        retry=int(event.get("retry", 0)),
        request_id=context.aws_request_id,
    )


def _attempt(event: Mapping[str, Any]) -> int:
    return attempt_of(str(event.get("execution", "")), event["order_id"])


def _codes(rejection: Rejection) -> list[str]:
    return [reason.code for reason in rejection.reasons[:10]]
