"""When a failed order is redriven by itself, and when it waits for an operator."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.errors import TransientError, subclasses
from chalicelib.workflow.table import FUNCTION_CRASHES, LAMBDA_SERVICE_ERRORS

AUTOMATIC_ATTEMPTS = 6
"""Executions of one revision after which a person looks at it, even if its failure may pass."""

MAX_DELAY = timedelta(minutes=15)
"""The longest that SQS delays a message."""

PASSING = frozenset({*subclasses(TransientError), *LAMBDA_SERVICE_ERRORS, *FUNCTION_CRASHES})
"""Errors that may pass by themselves; anything else, a bug above all, waits for an operator."""

DEPENDENCY_OF_STEP = {"CapturePayment": "payment", "RefundPayment": "payment"}
"""Step -> the circuit that must not be open when the step is tried again."""


def automatic_delay(error: str, tries: int, base: timedelta) -> timedelta | None:
    """How long to wait before redriving: doubles with every try; None if an operator has to decide.

    `tries`: the attempts that this revision of the order has had.
    """
    if error not in PASSING or tries >= AUTOMATIC_ATTEMPTS:
        return None
    doubled: timedelta = base * 2 ** (tries - 1)
    return min(doubled, MAX_DELAY)
