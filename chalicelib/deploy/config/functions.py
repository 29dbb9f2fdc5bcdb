"""Every Lambda function: the one place that says how long it may take, how large it is, and what it needs.

`app.py` defines the same functions under the same names; a test compares the two. The configuration of Chalice, the
policies, the visibility timeouts of the queues and the alarms all follow from this table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.adapters.aws.grant import Grant
from chalicelib.adapters.payments.provider import Provider
from chalicelib.adapters.payments.providers import PROVIDERS
from chalicelib.deploy.config import grants as may
from chalicelib.settings import Settings
from chalicelib.workflow.table import ALL_STEPS, REPORT_BATCH, SPLIT_FILE, WORK_ON_PAGE

API_HANDLER = "api_handler"
"""Chalice's own name for the function behind the REST API."""

API_GATEWAY_TIMEOUT_S = 29
"""API Gateway gives up then, whatever the function does."""

VISIBILITY_FACTOR = 6
"""Visibility timeout of a queue / timeout of its consumer, as AWS asks for (Lambda developer guide, "Using Lambda
with Amazon SQS"): room for retries while the consumer is throttled."""


ODBC_IN_LAMBDA = {"ODBCSYSINI": "/var/task/lib", "MARIADB_PLUGIN_DIR": "/var/task/lib/mariadb-plugins"}
"""Where the drivers are that `python -m poller bundle-odbc` gathers into vendor/lib."""


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function. `consumes`: the queue that it is the consumer of.

    `reserved_concurrency` bounds how often it runs at once, in the stages that reserve at all. `rehearses`: its work
    can be made to fail by failure switches, in the stages that have them.
    """

    name: str
    timeout_s: int
    memory_mb: int
    needs: tuple[Grant, ...]
    consumes: str = ""
    reserved_concurrency: int | None = None
    rehearses: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def aws_name(self, settings: Settings) -> str:
        """Chalice names the API's function after the application and the stage only."""
        return f"orderbridge-{settings.stage}" if self.name == API_HANDLER else settings.name(self.name)

    def arn(self, settings: Settings) -> str:
        return settings.arn("lambda", f"function:{self.aws_name(settings)}")

    def log_group(self, settings: Settings) -> str:
        return f"/aws/lambda/{self.aws_name(settings)}"

    def policy(self, settings: Settings) -> dict[str, Any]:
        """The policy of the function's role. X-Ray knows no resources, hence the only `*`."""
        logs = settings.arn("logs", f"log-group:{self.log_group(settings)}:*")
        tracing = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        rehearsing = [may.REHEARSE_OUTAGES] if self.rehearses and settings.fault_switches else []
        return {
            "Version": "2012-10-17",
            "Statement": [
                *(grant.statement(settings) for grant in (*self.needs, *rehearsing)),
                _allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], logs),
                _allow("Trace", tracing, "*"),
            ],
        }


def _allow(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [resource]}


_TIMEOUTS_S = {step.function: step.function_timeout_s for step in ALL_STEPS}


def _step(name: str, *needs: Grant) -> Function:
    """A function of the workflow: its timeout follows from its state's."""
    needs = (may.READ_EVENTS, may.APPEND_EVENTS, *needs)
    return Function(name, _TIMEOUTS_S[name], 512, needs, rehearses=True)


_DECIDE_ABOUT_ORDERS = (may.READ_EVENTS, may.APPEND_EVENTS, may.START_WORKFLOW)
_CONTROL = (may.READ_CONTROL, may.CHANGE_CONTROL)
_CIRCUITS = (*_CONTROL, may.PUBLISH_EVENTS)
"""To call through a circuit breaker, whose changes are announced on the bus."""

_REFERENCE = (may.READ_REFERENCE, may.MISS_REFERENCE)
_INVENTORY = (may.READ_INVENTORY, may.CHANGE_INVENTORY, may.CHECK_EVENTS)

_ANNOUNCE = (may.PUBLISH_EVENTS, may.SEND_ACKNOWLEDGEMENTS)
_START_BATCHES = (
    *_CONTROL,
    may.READ_BATCHES,
    may.MISS_BATCHES,
    may.READ_MAPPINGS,
    may.MISS_REFERENCE,
    may.START_BULK,
    may.WATCH_BULK,
)

_FUNCTIONS = (  # all that they need but for payments; see functions()
    Function(
        API_HANDLER,
        API_GATEWAY_TIMEOUT_S - 1,
        1024,
        (
            *_DECIDE_ABOUT_ORDERS,
            may.READ_ORDERS,
            may.SEND_DEAD_LETTERS,
            *_START_BATCHES,
            may.PUT_UPLOADS,
            may.LIST_CONTROL,
            *_REFERENCE,
            may.READ_INVENTORY,
        ),
    ),
    Function("authorize", 10, 1024, (may.READ_CONTROL,)),
    _step("validate_order", *_REFERENCE),
    _step("reserve_inventory", *_INVENTORY),
    _step("capture_payment"),
    _step("confirm_order", *_REFERENCE),
    _step("refund_payment"),
    _step("release_inventory", *_INVENTORY),
    _step("reject_order"),
    _step("handle_failure", may.SEND_DEAD_LETTERS, may.ALERT),
    Function(
        "project_events",
        60,
        512,
        (
            may.READ_EVENTS,
            may.FOLLOW_EVENTS,
            may.SEND_STREAM_FAILURES,
            may.PROJECT_ORDERS,
            may.PUBLISH_EVENTS,
            may.READ_CONTROL,
            may.PUT_CONTROL,
            may.SEND_ACKNOWLEDGEMENTS,
        ),
    ),
    Function(
        "sweep",
        75,
        512,
        (
            *_DECIDE_ABOUT_ORDERS,
            *_CONTROL,
            may.READ_ORDERS,
            may.WATCH_WORKFLOW,
            may.SEND_DEAD_LETTERS,
            may.SEND_ACKNOWLEDGEMENTS,
            may.ALERT,
        ),
        reserved_concurrency=1,
    ),
    Function(
        "consume_dead_letters",
        60,
        512,
        (
            *_DECIDE_ABOUT_ORDERS,
            *_CONTROL,
            may.CONSUME_DEAD_LETTERS,
            may.SEND_DEAD_LETTERS,
            may.PARK_MESSAGES,
        ),
        consumes="dead-letters",
    ),
    Function(
        "acknowledge_erp",
        90,
        512,
        (
            may.READ_EVENTS,
            may.APPEND_EVENTS,
            *_CIRCUITS,
            may.SIGN_CALLBACKS,
            may.CONSUME_ACKNOWLEDGEMENTS,
            may.POSTPONE_ACKNOWLEDGEMENTS,
            may.PARK_MESSAGES,
        ),
        consumes="acknowledgements",
        rehearses=True,
    ),
    Function(
        "poll_erp",
        55,
        1024,
        (*_DECIDE_ABOUT_ORDERS, *_CONTROL, may.CHECK_CONTROL, may.READ_ORDERS, may.READ_ERP_SECRETS),
        environment=ODBC_IN_LAMBDA,
    ),
    Function("start_batch", 300, 1024, (*_START_BATCHES, *_ANNOUNCE, may.PARK_MESSAGES)),
    Function(
        SPLIT_FILE.function,
        SPLIT_FILE.function_timeout_s,
        1024,
        (*_CONTROL, *_ANNOUNCE, may.READ_BATCHES, may.MISS_BATCHES, may.WRITE_BATCHES),
    ),
    Function(
        WORK_ON_PAGE.function,
        WORK_ON_PAGE.function_timeout_s,
        1024,
        (
            *_DECIDE_ABOUT_ORDERS,
            *_CONTROL,
            may.READ_ORDERS,
            may.READ_BATCHES,
            may.WRITE_BATCHES,
            *_REFERENCE,
            may.READ_INVENTORY,
        ),
    ),
    Function(
        REPORT_BATCH.function,
        REPORT_BATCH.function_timeout_s,
        1024,
        (*_CONTROL, *_ANNOUNCE, may.READ_ORDERS, may.READ_BATCHES, may.WRITE_BATCHES),
    ),
)


def functions(providers: Sequence[Provider] = PROVIDERS) -> tuple[Function, ...]:
    """The table, in which those that a payment provider names may keep charges and call it, whichever a stage chooses.

    Raises ValueError if a provider names a function that is none.
    """
    table = tuple(replace(row, needs=_once(*row.needs, *_payments(row.name, providers))) for row in _FUNCTIONS)
    for provider in providers:
        if unknown := sorted({*provider.functions} - {row.name for row in table}):
            raise ValueError(f"payment provider {provider.name} names functions that do not exist: {unknown}")
    return table


def _payments(function: str, providers: Sequence[Provider]) -> tuple[Grant, ...]:
    own = [grant for provider in providers if function in provider.functions for grant in provider.grants]
    if not any(function in provider.functions for provider in providers):
        return ()
    return (may.READ_PAYMENTS, may.CHANGE_PAYMENTS, *own, *_CIRCUITS)


def _once(*needs: Grant) -> tuple[Grant, ...]:
    return tuple(dict.fromkeys(needs))


FUNCTIONS = functions()
BY_NAME = {function.name: function for function in FUNCTIONS}


def visibility_timeout_s(queue: str) -> int:
    """How long a message of the queue is hidden while its consumer works on it; SQS's default if nobody consumes it."""
    consumers = [function for function in FUNCTIONS if function.consumes == queue]
    return max((VISIBILITY_FACTOR * function.timeout_s for function in consumers), default=30)
