"""The order workflow in memory: the real steps, driven by the real state machine, over fakes of everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from chalicelib.domain.decisions import decide_cancellation, decide_redrive
from chalicelib.domain.failures import caught
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Order, fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from chalicelib.steps.capture_payment import CapturePayment
from chalicelib.steps.confirm_order import ConfirmOrder
from chalicelib.steps.handle_failure import HandleFailure
from chalicelib.steps.refund_payment import RefundPayment
from chalicelib.steps.reject_order import RejectOrder
from chalicelib.steps.release_inventory import ReleaseInventory
from chalicelib.steps.reserve_inventory import ReserveInventory
from chalicelib.steps.validate_order import ValidateOrder
from chalicelib.workflow.definition import PARKED, WENT_ON, definition
from tests.support.builders import CUSTOMER, GADGET, WIDGET, append, received
from tests.support.faults.faults import Killed
from tests.support.state_machine import next_task

STOCK = 10


def _unchanged(port: Any) -> Any:
    return port


class WorkflowHarness:
    """Ten of each article in stock, one customer, no holds. `wrap` is put around the ports that the steps see."""

    def __init__(self, wrap: Callable[[Any], Any] = _unchanged) -> None:
        self.clock, self.ids, self.events = FixedClock(), SequentialIds(), MemoryEventStore()
        self.inventory = MemoryInventory(self.events)
        for sku in (WIDGET.sku, GADGET.sku):
            self.inventory.set_available(sku, STOCK)
        self.reference = MemoryReferenceData([CUSTOMER], [WIDGET, GADGET])
        self.ledger = MemoryChargeLedger()
        self.gateway = SandboxGateway(self.ledger, self.clock, self.ids)
        self.queue, self.alerts, self.engine = MemoryQueue(), MemoryAlerts(), MemoryWorkflowEngine()
        self.wrap = wrap

    def accept(self, order: OrderContent) -> str:
        self.events.append(append(received(order), order.order_id, recorded_at=self.clock.now()))
        return order.order_id

    def order(self, order_id: str) -> Order:
        return self.repository("Test").load(order_id)

    def history(self, order_id: str) -> list[str]:
        return [recorded.type for recorded in self.events.load(order_id)]

    def repository(self, step: str, attempt: int = 0) -> OrderRepository:
        return OrderRepository(self.wrap(self.events), self.clock, self.ids, step, attempt)

    def revise(self, order: OrderContent, correlation_id: str = "again") -> str:
        """The order comes again; its id. Raises OrderConflict."""
        return Intake(self.repository("Intake"), self.engine).accept(order, correlation_id).order_id

    def cancel(self, order_id: str) -> None:
        """Raises Refused."""
        repository = OrderRepository(self.events, self.clock, self.ids, "Operator")

        def cancel(order: Order) -> None:
            event = decide_cancellation(order, "customer", "ordered twice")
            if event is not None:
                repository.append(order, event)

        repository.handle(order_id, cancel)

    def redrive(self, order_id: str) -> None:
        repository = OrderRepository(self.events, self.clock, self.ids, "Operator")
        repository.handle(order_id, lambda order: repository.append(order, decide_redrive(order, "ops", "fixed")))

    def step(self, name: str, order_id: str, retry: int = 0, failure: Any = None, attempt: int = 0) -> object:
        """One invocation of a step's function, with fresh objects as in a new process."""
        repository, wrap = self.repository(name, attempt), self.wrap
        steps: dict[str, Callable[[], object]] = {
            "ValidateOrder": lambda: ValidateOrder(repository, wrap(self.reference))(order_id),
            "ReserveInventory": lambda: ReserveInventory(repository, wrap(self.inventory))(order_id),
            "CapturePayment": lambda: CapturePayment(repository, wrap(self.gateway), retry > 0)(order_id),
            "ConfirmOrder": lambda: ConfirmOrder(repository, wrap(self.reference))(order_id),
            "RefundPayment": lambda: RefundPayment(repository, wrap(self.gateway))(order_id),
            "ReleaseInventory": lambda: ReleaseInventory(repository, wrap(self.inventory))(order_id),
            "RejectOrder": lambda: RejectOrder(repository)(order_id),
            "HandleFailure": lambda: HandleFailure(repository, wrap(self.queue), wrap(self.alerts))(
                order_id, caught(failure), retry, attempt
            ),
        }
        return steps[name]()

    def run(self, order_id: str, before: Callable[[str], object] = _unchanged, attempt: int = 0) -> list[str]:
        """One execution of the state machine, without its waits; the states it visited, the last one included.

        `attempt`: which one it is, 0 for the one that is due.
        """
        attempt = attempt or fold(self.events.load(order_id)).attempt
        machine = definition(lambda function: function)
        state, visited, failure = machine["StartAt"], list[str](), None
        while state:
            visited.append(state)
            if state in (PARKED, WENT_ON):
                return visited
            before(state)
            task = machine["States"][state]
            error, answer = self._retried(state, task, order_id, failure, attempt)
            if error is None:
                state = next_task(machine["States"], task.get("Next", ""), str(answer))
                continue
            catcher = next(one for one in task["Catch"] if _matches(error, one["ErrorEquals"]))
            failure = {state: {"Error": _name(error), "Cause": str(error)}}
            state = catcher["Next"]
        return visited

    def _retried(
        self, state: str, task: dict[str, Any], order_id: str, failure: Any, attempt: int
    ) -> tuple[BaseException | None, object]:
        """Run a task with its retries; what it raised or answered. AssertionErrors are the test's business."""
        for retry in range(100):
            try:
                answer = self.step(state, order_id, retry, failure, attempt)
            except AssertionError:
                raise
            except (Exception, Killed) as error:  # noqa: BLE001 - this is the state machine, which catches them all
                retrier = next((one for one in task["Retry"] if _matches(error, one["ErrorEquals"])), None)
                if retrier is None or retry >= retrier["MaxAttempts"]:
                    return error, None
            else:
                return None, answer
        raise AssertionError(f"{state} was retried without end")


def _name(error: BaseException) -> str:
    return "Runtime.ExitError" if isinstance(error, Killed) else type(error).__name__


def _matches(error: BaseException, names: list[str]) -> bool:
    return _name(error) in names or "States.ALL" in names
