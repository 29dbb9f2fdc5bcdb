"""Trouble on purpose, for end-to-end tests: failure switches, permissions taken away, waits made short."""

from __future__ import annotations

import itertools
import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from chalicelib.adapters.dynamodb.control.circuits import DynamoDbCircuitStore
from chalicelib.adapters.dynamodb.payments.charges import DynamoDbChargeLedger
from chalicelib.adapters.fault_injection.switches import ALL, NOTICED_WITHIN, Mode, Switch
from chalicelib.adapters.payments.ledger import Charge
from chalicelib.adapters.resilience.circuits import State
from chalicelib.deploy.config.functions import BY_NAME
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.state import Order
from chalicelib.orders.accept import Intake
from chalicelib.orders.payload import parse_order
from local.sample.tour import tour
from tests.support.e2e.deployed import OUTCOME_TIMEOUT_S, POLL_S, Deployed

_numbers = itertools.count(1)


def wait_until(condition: Callable[[], bool], what: str, every_s: float = POLL_S) -> None:
    """Polls; the timeout is for what would otherwise hang for ever, not a promise."""
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {OUTCOME_TIMEOUT_S:.0f} s in vain: {what}"
        time.sleep(every_s)


@contextmanager
def short_waits(stack: Deployed, scale: float) -> Iterator[None]:
    """All waits between the workflow's retries are multiplied by `scale`."""
    _set_wait_scale(stack, scale)
    try:
        yield
    finally:
        _set_wait_scale(stack, 1)


def _set_wait_scale(stack: Deployed, scale: float) -> None:
    body = json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode()
    url = f"{stack.aws.endpoint_url}/_ministack/config"
    with urllib.request.urlopen(urllib.request.Request(url, body, method="POST"), timeout=60) as answer:
        applied = json.load(answer)
    assert applied["applied"] == {"stepfunctions._SFN_WAIT_SCALE": scale}, applied


@contextmanager
def switched(
    stack: Deployed, dependency: str, mode: Mode, operation: str = ALL, calls: int | None = None
) -> Iterator[None]:
    """A failure switch is on, and every process knows it, for as long as the block lasts."""
    with all_switched(stack, [Switch(dependency, mode, operation, calls)]):
        yield


@contextmanager
def all_switched(stack: Deployed, switches: Sequence[Switch]) -> Iterator[None]:
    """Several at once: they are noticed together."""
    for switch in switches:
        stack.app.switches.on(switch)
    time.sleep(NOTICED_WITHIN.total_seconds())
    try:
        yield
    finally:
        for switch in switches:
            stack.app.switches.off(switch.dependency, switch.operation)


def let_interval_pass(stack: Deployed, dependency: str) -> None:
    """As if the time were over for which the dependency's circuit stays open; every process sees it within a second.

    What is stored is moved back, and nothing else: the circuit goes on from there by its own rules.
    """
    store = DynamoDbCircuitStore(stack.aws.client("dynamodb"), stack.settings.name("control"))
    circuit = store.load(dependency)
    if circuit.state is State.OPEN:  # if it is another one by now, nothing is stored
        store.change(circuit, replace(circuit, retry_at=stack.app.clock.now()))


@contextmanager
def variables(stack: Deployed, function: str, **changed: str) -> Iterator[None]:
    """The deployed function has other environment variables for as long as the block lasts."""
    functions, name = stack.aws.client("lambda"), stack.settings.name(function)
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, **changed}})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})


@contextmanager
def without_permission(stack: Deployed, function: str, sid: str) -> Iterator[None]:
    """The function's role lacks one statement of its policy for as long as the block lasts."""
    policy = BY_NAME[function].policy(stack.settings)
    kept = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
    assert len(kept) == len(policy["Statement"]) - 1
    _put_policy(stack, function, {**policy, "Statement": kept})
    try:
        yield
    finally:
        _put_policy(stack, function, policy)


def _put_policy(stack: Deployed, function: str, policy: dict[str, Any]) -> None:
    role = f"orderbridge-local-{function}"
    stack.aws.client("iam").put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))


def sample(description: str) -> dict[str, Any]:
    """The order of the tour with that description, under a number of its own."""
    [found] = [order for order in tour() if order.description == description]
    return {**found.payload, "external_id": f"RH-{next(_numbers):06}"}


def confirmed_order() -> dict[str, Any]:
    return sample("a first order: three widgets")


def held_order() -> dict[str, Any]:
    """It goes through all four steps, is refused by the last, and is undone by all compensations."""
    return sample("a recalled ladder")


def order_of(stack: Deployed, order_id: str) -> Order:
    return stack.app.repository("test").load(order_id)


def event_types(stack: Deployed, order_id: str) -> list[str]:
    return [recorded.type for recorded in stack.app.events.load(order_id)]


def charge_of(stack: Deployed, order_id: str) -> Charge | None:
    """What the sandbox's ledger says about the order."""
    return DynamoDbChargeLedger(stack.aws.client("dynamodb"), stack.settings.name("payments")).find(order_id)


class NotStarted:
    """A workflow engine that takes every start and does nothing."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        return True

    def is_running(self, order_id: str, attempt: int) -> bool:
        return True


def parked_order(stack: Deployed, failure: Failure, payload: dict[str, Any] | None = None) -> str:
    """An order that the real HandleFailure has parked after its first attempt, which never ran; its id."""
    app = stack.app
    content = parse_order(payload or confirmed_order())
    accepted = Intake(app.repository("Intake"), NotStarted()).accept(content, f"rehearsal-{next(_numbers)}")
    app.handle_failure(accepted.order_id, failure, retries=0)
    return accepted.order_id


def failed_order(stack: Deployed, order_id: str) -> FailedOrder:
    """What HandleFailure told the dead-letter queue about a failed order."""
    order = order_of(stack, order_id)
    assert order.failure is not None
    failure = Failure(order.failure.step, order.failure.error, order.failure.message)
    return FailedOrder(
        order_id=order_id,
        correlation_id=order.correlation_id,
        source=order.content.source,
        attempt=1,
        step=failure.step,
        error=failure.error,
        message=failure.message,
        fingerprint=failure.fingerprint,
        failed_at=order.updated_at,
    )
