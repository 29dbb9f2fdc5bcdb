"""All timeouts in one table: what waits for what, and how long each of the two takes at most.

`python -m chalicelib timeouts` prints it; a test holds it to the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.acknowledgements import callback, delivery, reconcile
from chalicelib.adapters import http_callback
from chalicelib.adapters.aws import clients
from chalicelib.adapters.payments.provider import Provider
from chalicelib.adapters.payments.providers import PROVIDERS
from chalicelib.adapters.resilience.circuit_breaker import CircuitSettings
from chalicelib.deploy.config.functions import (
    API_GATEWAY_TIMEOUT_S,
    API_HANDLER,
    BY_NAME,
    FUNCTIONS,
    VISIBILITY_FACTOR,
    visibility_timeout_s,
)
from chalicelib.deploy.templates.messaging import DAY_S, QUEUES
from chalicelib.recovery import group_jobs, sweeper
from chalicelib.workflow.definition import WORKFLOW_TIMEOUT_S
from chalicelib.workflow.table import ALL_STEPS, BATCH_STEPS

QUEUE_BATCH = 10
"""Messages that a consumer gets at once (app.py)."""


@dataclass(frozen=True, slots=True)
class Waits:
    """`outer` waits for `inner`, which takes no longer."""

    outer: str
    outer_s: float
    inner: str
    inner_s: float


def table(providers: Sequence[Provider] = PROVIDERS) -> Iterator[Waits]:
    """From the outermost to the innermost."""
    yield from _queues()
    yield from _workflow()
    yield from _functions()
    yield from _calls()
    for provider in providers:
        if provider.calls:
            yield from _payments(provider)


def _queues() -> Iterator[Waits]:
    retention_s = {queue.name: queue.retention_days * DAY_S for queue in QUEUES}
    for function in FUNCTIONS:
        if function.consumes:
            hidden_s = visibility_timeout_s(function.consumes)
            yield Waits(f"queue {function.consumes} keeps", retention_s[function.consumes], "hidden", hidden_s)
            slow_s = VISIBILITY_FACTOR * function.timeout_s
            slow = f"{VISIBILITY_FACTOR} x function {function.name}"
            yield Waits(f"queue {function.consumes} hides", hidden_s, slow, slow_s)
    yield Waits("a parked acknowledgement", retention_s["acknowledgements"], "longest delay", callback.LONGEST_DELAY_S)


def _workflow() -> Iterator[Waits]:
    for step in ALL_STEPS:
        yield Waits("an EXPRESS workflow", WORKFLOW_TIMEOUT_S["EXPRESS"], f"state {step.name}", step.timeout_s)
    for step in (*ALL_STEPS, *BATCH_STEPS):
        yield Waits(f"state {step.name}", step.timeout_s, f"function {step.function}", BY_NAME[step.function].timeout_s)


def _functions() -> Iterator[Waits]:
    yield Waits("API Gateway", API_GATEWAY_TIMEOUT_S, f"function {API_HANDLER}", BY_NAME[API_HANDLER].timeout_s)
    for function in FUNCTIONS:
        if function.timeout_s > clients.LONGEST_CALL_S:
            name = f"function {function.name}"
            yield Waits(name, function.timeout_s, "an AWS call with its retries", clients.LONGEST_CALL_S)
    batch_s = callback.SOURCE_TIME.total_seconds() + http_callback.TIMEOUT_S + clients.LONGEST_CALL_S
    yield Waits("function acknowledge_erp", BY_NAME["acknowledge_erp"].timeout_s, "a batch of callbacks", batch_s)
    page_s = 1  # a page of a job is paced to at most a second
    working_s = QUEUE_BATCH * (group_jobs.WORKING_TIME.total_seconds() + page_s)
    yield Waits(
        "function consume_dead_letters", BY_NAME["consume_dead_letters"].timeout_s, "a batch of jobs", working_s
    )
    walks_s = (sweeper.SWEEPING_TIME + reconcile.TIME).total_seconds()
    sweeping_s = walks_s + clients.LONGEST_CALL_S
    yield Waits("function sweep", BY_NAME["sweep"].timeout_s, "two walks, and the last call", sweeping_s)


def _calls() -> Iterator[Waits]:
    probe_s = CircuitSettings().probe_s
    yield Waits("a circuit's probe", probe_s, "a callback", http_callback.TIMEOUT_S)
    yield Waits("a claim on a callback", delivery.CLAIM.total_seconds(), "a callback", http_callback.TIMEOUT_S)
    one_try_s = clients.CONNECT_TIMEOUT_S + clients.READ_TIMEOUT_S
    yield Waits("an AWS call with its retries", clients.LONGEST_CALL_S, "one try, over HTTP", one_try_s)


def _payments(provider: Provider) -> Iterator[Waits]:
    calls = f"{provider.name}, {provider.calls} calls"
    for name in provider.functions:
        yield Waits(f"function {name}", BY_NAME[name].timeout_s, calls, provider.longest_step_s)
    yield Waits("a circuit's probe", CircuitSettings().probe_s, calls, provider.longest_step_s)
