"""Event source mappings that Chalice creates, completed: queues report which messages of a batch failed.

Chalice cannot say so, though https://github.com/aws/chalice/issues/884 talks of it, and a mapping that is corrected
afterwards would, in between, take the list of failed messages for success and delete them. So the parameter is added to
Chalice's own call, by an event of botocore.
"""

from __future__ import annotations

from typing import Any

RESPONSE_TYPES = ["ReportBatchItemFailures"]


def complete(lambda_client: Any) -> None:
    """Every mapping that this client creates or updates reports partial failures."""
    for operation in ("CreateEventSourceMapping", "UpdateEventSourceMapping"):
        lambda_client.meta.events.register(f"provide-client-params.lambda.{operation}", _with_response_types)


def _with_response_types(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {"FunctionResponseTypes": RESPONSE_TYPES, **params}
