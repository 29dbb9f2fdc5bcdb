"""The operating side of the application on fakes in memory, and orders that have got into trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from chalicelib.adapters.memory import (
    FixedClock,
    MemoryEventStore,
    MemoryProjection,
    MemoryWorkflowEngine,
    SequentialIds,
)
from chalicelib.adapters.memory.callbacks import MemoryDeliveries, MemorySubscriptions
from chalicelib.adapters.memory.recovery import (
    MemoryAlerts,
    MemoryBookmark,
    MemoryDeadLetters,
    MemoryJobs,
    MemoryQueue,
)
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Order
from chalicelib.orders.accept import Intake
from chalicelib.orders.commands import OrderCommands
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import OrderRow
from chalicelib.recovery.dead_letter_consumer import DeadLetterConsumer
from chalicelib.recovery.group_jobs import GroupJobs
from chalicelib.recovery.sweeper import Sweeper
from chalicelib.steps.handle_failure import HandleFailure
from tests.support.builders import content

TIMEOUT = Failure("CapturePayment", "DependencyTimeout", "payment did not answer: read timeout")
BUG = Failure("ValidateOrder", "KeyError", "'EUR'")


@dataclass
class FakeApplication:
    """Everything that operates on orders, wired in memory."""

    clock: FixedClock = field(default_factory=FixedClock)
    ids: SequentialIds = field(default_factory=SequentialIds)
    events: MemoryEventStore = field(default_factory=MemoryEventStore)
    projection: MemoryProjection = field(default_factory=MemoryProjection)
    workflow: MemoryWorkflowEngine = field(default_factory=MemoryWorkflowEngine)
    letters: MemoryDeadLetters = field(default_factory=MemoryDeadLetters)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    alerts: MemoryAlerts = field(default_factory=MemoryAlerts)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    bookmark: MemoryBookmark = field(default_factory=MemoryBookmark)
    subscriptions: MemorySubscriptions = field(default_factory=MemorySubscriptions)
    deliveries: MemoryDeliveries = field(default_factory=MemoryDeliveries)
    open_circuits: set[str] = field(default_factory=set)

    def repository(self, step: str = "Test") -> OrderRepository:
        return OrderRepository(self.events, self.clock, self.ids, step)

    @property
    def commands(self) -> OrderCommands:
        return OrderCommands(self.repository("Operator"), self.workflow)

    @property
    def handle_failure(self) -> HandleFailure:
        return HandleFailure(self.repository("HandleFailure"), self.queue, self.alerts)

    @property
    def group_jobs(self) -> GroupJobs:
        return GroupJobs(self.letters, self.jobs, self.queue, self.commands, self.clock, self.ids)

    @property
    def consumer(self) -> DeadLetterConsumer:
        return DeadLetterConsumer(
            self.events,
            self.letters,
            self.queue,
            self.commands,
            self.clock,
            open_circuits=lambda: frozenset(self.open_circuits),
            run_job=self.group_jobs.work,
            base_delay=timedelta(minutes=1),
        )

    @property
    def sweeper(self) -> Sweeper:
        return Sweeper(
            self.projection,
            self.repository("Sweeper"),
            self.workflow,
            self.letters,
            self.queue,
            self.bookmark,
            park=self.handle_failure,
        )

    def accept(self, order: OrderContent | None = None) -> str:
        """A received and started order's id."""
        accepted = Intake(self.repository("Intake"), self.workflow).accept(order or content(), "correlation-1")
        self.project(accepted.order_id)
        return accepted.order_id

    def order(self, order_id: str) -> Order:
        return self.repository().load(order_id)

    def project(self, order_id: str) -> None:
        """What the stream's consumer does, at once."""
        self.projection.put(OrderRow.of(self.order(order_id)))

    def park(self, order_id: str, failure: Failure = TIMEOUT) -> FailedOrder:
        """Fail the order as the workflow does; what the queue was told."""
        self.handle_failure(order_id, failure, retries=0)
        self.project(order_id)
        order = self.order(order_id)
        return FailedOrder(
            order_id,
            order.correlation_id,
            order.content.source,
            order.attempt,
            failure.step,
            failure.error,
            failure.message,
            failure.fingerprint,
            self.clock.now(),
        )

    def types(self, order_id: str) -> list[str]:
        return [recorded.type for recorded in self.events.load(order_id)]
