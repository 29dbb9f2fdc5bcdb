"""The steps of the two state machines: the one place that names each, its timeout, its retries and its compensation.

The Lambda function of a step has the step's name in snake case (`function`), in `app.py` and in the policies; only
SplitFile runs `split_batch`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.domain.errors import (
    CircuitOpen,
    ConfirmationRefused,
    InsufficientStock,
    InvalidOrder,
    PaymentDeclined,
    Rejection,
    TransientError,
    subclasses,
)

LAMBDA_SERVICE_ERRORS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
"""Errors of the Lambda service itself, which AWS says to retry always."""

FUNCTION_CRASHES = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout")
"""The function was killed or ran out of time; the steps are safe to run again."""


@dataclass(frozen=True, slots=True)
class Retry:
    """One retrier. The delay is `interval_s * backoff ** n`, at most `max_delay_s`, with full jitter."""

    errors: tuple[str, ...]
    interval_s: int
    backoff: float
    attempts: int
    max_delay_s: int


def _retries(attempts: int, max_delay_s: int) -> tuple[Retry, ...]:
    """An open circuit waits long, because asking sooner cannot help; everything else that passes starts at 1 s."""
    circuit = subclasses(CircuitOpen)
    passing = tuple(name for name in subclasses(TransientError) if name not in circuit)
    return (
        Retry(circuit, interval_s=15, backoff=2, attempts=attempts, max_delay_s=max(max_delay_s, 120)),
        Retry((*LAMBDA_SERVICE_ERRORS, *FUNCTION_CRASHES, *passing), 1, 2, attempts, max_delay_s),
    )


FORWARD_RETRIES, COMPENSATION_RETRIES, BATCH_RETRIES = 5, 12, 12
"""For each kind of error."""

FORWARD = _retries(FORWARD_RETRIES, max_delay_s=30)
COMPENSATING = _retries(COMPENSATION_RETRIES, max_delay_s=300)
"""Compensations are retried longest: until they succeed, a customer's money or a SKU's stock is stuck."""

BATCH = (
    Retry(
        (*LAMBDA_SERVICE_ERRORS, *FUNCTION_CRASHES, *subclasses(TransientError)), 1, 2, BATCH_RETRIES, max_delay_s=120
    ),
)
"""For minutes: what a page stores and calls may be down for as long. An open circuit is waited for in the same way."""


@dataclass(frozen=True, slots=True)
class Step:
    """A Task state. `rejects` is the business "no" that is its own; `compensation` undoes its effect.

    `margin_s`: how much earlier its function ends, so that the state fails with the function's own error. What the
    state waits for besides the function: the start of a new execution environment. `runs`: the function, if its name
    is not the step's.
    """

    name: str
    timeout_s: int
    retries: tuple[Retry, ...]
    comment: str
    rejects: tuple[type[Rejection], ...] = ()
    compensation: str = ""
    margin_s: int = 3
    runs: str = ""

    @property
    def function(self) -> str:
        return self.runs or re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()

    @property
    def function_timeout_s(self) -> int:
        return self.timeout_s - self.margin_s


STEPS = (
    Step("ValidateOrder", 20, FORWARD, "Customer, SKUs, prices, totals and credit are true", (InvalidOrder,)),
    Step(
        "ReserveInventory",
        30,
        FORWARD,
        "All pieces are set aside, or none",
        (InsufficientStock,),
        compensation="ReleaseInventory",
    ),
    Step(
        "CapturePayment",
        40,
        FORWARD,
        "The customer is charged once",
        (PaymentDeclined,),
        compensation="RefundPayment",
    ),
    Step("ConfirmOrder", 20, FORWARD, "No delivery hold: the order is final", (ConfirmationRefused,)),
)

COMPENSATIONS = (
    Step("RefundPayment", 40, COMPENSATING, "The money goes back"),
    Step("ReleaseInventory", 30, COMPENSATING, "The pieces are available again"),
)
"""In the order in which they run: the reverse of the steps that they undo."""

REJECT = Step("RejectOrder", 20, COMPENSATING, "Closed as REJECTED or CANCELLED, with its reasons")
FAIL = Step("HandleFailure", 30, COMPENSATING, "Parked as FAILED: dead-letter queue, alert")

UNDOING = tuple(step.name for step in (*COMPENSATIONS, REJECT))
"""Steps whose failure leaves a customer's money or a SKU's stock where it should not be."""

ALL_STEPS = (*STEPS, *COMPENSATIONS, REJECT, FAIL)
"""Of the order workflow."""

SPLIT_FILE = Step(
    "SplitFile",
    200,
    BATCH,
    "Writes the pages; nothing is accepted before the whole file could be read",
    margin_s=20,
    runs="split_batch",
)
WORK_ON_PAGE = Step("WorkOnPage", 200, BATCH, "Accepts lines as orders end, up to two minutes long", margin_s=20)
REPORT_BATCH = Step("ReportBatch", 860, BATCH, "What became of every line", margin_s=20)

BATCH_STEPS = (SPLIT_FILE, WORK_ON_PAGE, REPORT_BATCH)
"""Of the machine of batches (bulk.py), in the order in which they run."""


def undo_from(step: Step) -> str:
    """Where a "no" of `step` leads: its own compensation (it may have acted before it raised), or the one before."""
    for done in reversed(STEPS[: STEPS.index(step) + 1]):
        if done.compensation:
            return done.compensation
    return REJECT.name
