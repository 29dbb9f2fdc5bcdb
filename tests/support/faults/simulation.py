"""The real state machine and the real steps on fakes in memory, with faults: thousands of runs in seconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from chalicelib.adapters.memory import (
    FixedClock,
    MemoryEventStore,
    MemoryInventory,
    MemoryReferenceData,
    MemoryWorkflowEngine,
    SequentialIds,
)
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.memory.recovery import MemoryAlerts, MemoryQueue
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable
from chalicelib.domain.failures import caught
from chalicelib.domain.reference import DeliveryHold
from chalicelib.domain.state import Order, fold
from chalicelib.orders.commands import OrderCommands
from chalicelib.settings import Settings
from chalicelib.steps.handle_failure import HandleFailure
from chalicelib.wiring.steps import Steps
from chalicelib.workflow.definition import definition
from tests.support.builders import CUSTOMER, GADGET, WIDGET
from tests.support.state_machine import next_task

STATES: Mapping[str, Any] = definition(lambda function: function)["States"]
FIRST_STATE: str = definition(lambda function: function)["StartAt"]
PIECES = 100
HELD_COUNTRY = "NO"

ERROR_NAMES = {"Killed": "Runtime.ExitError"}
"""Class of an exception -> how AWS calls it, where the two differ."""


class Killed(Exception):
    """The function's process is gone. Nothing of the application catches it."""


@dataclass
class World:
    """All that lasts, behind one object with the methods of every port, whose names are all different."""

    clock: FixedClock = field(default_factory=FixedClock)
    ids: SequentialIds = field(default_factory=SequentialIds)
    ledger: MemoryChargeLedger = field(default_factory=MemoryChargeLedger)
    events: MemoryEventStore = field(default_factory=MemoryEventStore)
    engine: MemoryWorkflowEngine = field(default_factory=MemoryWorkflowEngine)

    def __post_init__(self) -> None:
        self.inventory = MemoryInventory(self.events)
        for product in (WIDGET, GADGET):
            self.inventory.set_available(product.sku, PIECES)
        gateway = SandboxGateway(self.ledger, self.clock, self.ids)
        self._ports = (self.events, self.inventory, gateway, self.engine)

    def __getattr__(self, operation: str) -> Any:
        for port in self._ports:
            if hasattr(port, operation):
                return getattr(port, operation)
        raise AttributeError(operation)

    def order(self, order_id: str) -> Order:
        return fold(self.events.load(order_id))


@dataclass
class Faults:
    """In front of a World: calls that fail before or after they act, seeded. `rate` 0 to 1, of each kind."""

    world: World
    seed: int
    rate: float
    payment_is_down: bool = False

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        act = getattr(self.world, operation)
        if operation in ("start", "is_running"):
            return act  # type: ignore[no-any-return]

        def call(*arguments: Any, **parameters: Any) -> Any:
            if self.payment_is_down and operation in ("capture", "find"):
                raise DependencyUnavailable("payment", "down")
            before, after = self._fault(), self._fault()
            if before:
                raise before
            result = act(*arguments, **parameters)
            if after:
                raise after
            return result

        return call

    def _fault(self) -> Exception | None:
        if self._random.random() >= self.rate:
            return None
        return self._random.choice([Killed(), DependencyTimeout("somebody", "no answer")])


class Twin(Steps):
    """The application's own wiring of the steps, over `ports`: a World, or something in front of one."""

    def __init__(self, ports: Any, world: World) -> None:
        settings = Settings(stage="test", region="eu-central-1", account_id="123456789012")
        super().__init__(settings, make_client=_no_client, clock=world.clock, ids=world.ids)
        self.events = self.inventory = self.payments = self.workflow = ports
        hold = DeliveryHold("country", HELD_COUNTRY, "embargo")
        self.reference = MemoryReferenceData([CUSTOMER], [WIDGET, GADGET], [hold])
        self.handle_failure = HandleFailure(self.repository("HandleFailure"), MemoryQueue(), MemoryAlerts())

    @property
    def commands(self) -> OrderCommands:
        return OrderCommands(self.repository("Operator"), self.workflow)

    def execute(self, order_id: str, attempt: int = 0) -> str:
        """Run the state machine for the order, as Step Functions does but without waiting; the last state's name.

        `attempt`: which one it is; 0 is an execution that does not know.
        """
        name, failure = FIRST_STATE, dict[str, Any]()
        while True:
            state = STATES[name]
            if state["Type"] in ("Fail", "Succeed"):
                return name
            after, error = self._task(name, state, order_id, failure, attempt)
            if after.startswith("HandleFailure") and error is not None:
                failure = {name: {"Error": _error_name(error), "Cause": str(error)}}
            if not after:
                return name
            name = after

    def _task(self, name: str, state: Any, order_id: str, failure: Any, attempt: int) -> tuple[str, Exception | None]:
        """The next state, empty at the end, and the error that led there."""
        used = [0] * len(state["Retry"])
        while True:
            try:
                if name == "HandleFailure":
                    handled = self.handle_failure(order_id, caught(failure), sum(used), attempt)
                    return next_task(STATES, state["Next"], handled), None
                self.step(name, sum(used), attempt)(order_id)
                return str(state.get("Next", "")), None
            except Exception as error:
                if isinstance(error, AssertionError):
                    raise
                at = _first_match(state["Retry"], error)
                if at is not None and used[at] < state["Retry"][at]["MaxAttempts"]:
                    used[at] += 1
                    continue
                catch = _first_match(state.get("Catch", []), error)
                if catch is None:
                    return "", error
                return str(state["Catch"][catch]["Next"]), error


def _first_match(rules: Any, error: Exception) -> int | None:
    for at, rule in enumerate(rules):
        if {_error_name(error), "States.ALL"} & set(rule["ErrorEquals"]):
            return at
    return None


def _error_name(error: Exception) -> str:
    return ERROR_NAMES.get(type(error).__name__, type(error).__name__)


def _no_client(*_: Any) -> NoReturn:
    raise AssertionError("there is no AWS in a simulation")
