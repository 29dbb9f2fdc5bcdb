"""One write of one item, if a condition holds for what is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.aws.errors import aws_errors_translated, error_code


@dataclass(frozen=True, slots=True)
class Written:
    """`done`: the condition held. `item`: what the request asked for, {} if it asked for nothing or nothing is there.

    When it is done, that is `ReturnValues`; when refused, what stood in the way, with
    `ReturnValuesOnConditionCheckFailure="ALL_OLD"`.
    """

    done: bool
    item: dict[str, Any]


def write_if(dependency: str, write: Callable[..., Any], **request: Any) -> Written:
    """`client.put_item`, `update_item` or `delete_item`. Raises what `aws_errors_translated` raises.

    The SDK repeats a write whose answer was lost, and the repeat can be refused because of the first one's own success.
    Whoever has to know puts something of his own into the item and looks for it in the `item` of the refusal.
    Throttling: see transaction.py; it is never a refusal.
    """
    with aws_errors_translated(dependency):
        try:
            answer = write(**request)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return Written(False, error.response.get("Item") or {})
    return Written(True, answer.get("Attributes") or {})
