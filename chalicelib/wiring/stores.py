"""Where everything is kept: clients, the event store, the tables and the reference data."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws.clients import ATTEMPTS, client
from chalicelib.adapters.system import SystemClock, SystemIds
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import (
    Clock,
    DeadLetterQueue,
    DeadLetters,
    Ids,
    Inventory,
    Projection,
    ReferenceData,
    WorkflowEngine,
)
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.acknowledgements.outbox import Outbox
    from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
    from chalicelib.adapters.fault_injection.switches import FaultSwitches
    from chalicelib.adapters.messaging.event_bus import EventBridgeBus
    from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker
    from chalicelib.adapters.resilience.circuits import CircuitStore
    from chalicelib.auth.tokens import TokenStore

REFERENCE_FOLDER = "/tmp/orderbridge-reference"


class Stores:
    """The adapters of the outermost layer. `make_client(service, region, attempts)` may be somebody else's."""

    def __init__(
        self,
        settings: Settings,
        make_client: Callable[[str, str, int], Any] = client,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = ids or SystemIds()
        self._make_client = make_client
        self._clients: dict[tuple[str, int], Any] = {}
        self._breakers: dict[str, CircuitBreaker] = {}

    def client(self, service: str, attempts: int = ATTEMPTS) -> Any:
        """A client, made once for every use with as many attempts."""
        key = (service, attempts)
        if key not in self._clients:
            self._clients[key] = self._make_client(service, self.settings.region, attempts)
        return self._clients[key]

    def repository(self, step: str, attempt: int = 0) -> OrderRepository:
        return OrderRepository(self.events, self.clock, self.ids, step, attempt)

    @cached_property
    def events(self) -> DynamoDbEventStore:
        from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore

        return DynamoDbEventStore(self.client("dynamodb"), self.settings.name("events"))

    @cached_property
    def inventory(self) -> Inventory:
        from chalicelib.adapters.dynamodb.inventory.inventory import DynamoDbInventory

        table = self.settings.name("inventory")
        inventory = DynamoDbInventory(self.client("dynamodb"), table, self.events, self.clock, self.ids)
        if not self.settings.fault_switches:
            return inventory
        from chalicelib.adapters.fault_injection.faulty_ports import FaultyInventory

        return FaultyInventory(inventory, self.switches)

    @cached_property
    def projection(self) -> Projection:
        from chalicelib.adapters.dynamodb.orders.projection import DynamoDbProjection

        return DynamoDbProjection(self.client("dynamodb"), self.settings.name("orders"), self.clock, self.ids)

    @cached_property
    def reference(self) -> ReferenceData:
        from chalicelib.adapters.s3.reference_data import S3ReferenceData

        s3 = self.client("s3", attempts=1)  # while it hangs, the cached copy answers
        return S3ReferenceData(s3, self.settings.bucket("reference"), REFERENCE_FOLDER, self.clock)

    @cached_property
    def workflow(self) -> WorkflowEngine:
        from chalicelib.adapters.step_functions import StepFunctionsEngine

        return StepFunctionsEngine(self.client("stepfunctions"), self.settings.state_machine_arn)

    @cached_property
    def tokens(self) -> TokenStore:
        from chalicelib.adapters.dynamodb.control.tokens import DynamoDbTokens

        return DynamoDbTokens(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from chalicelib.adapters.dynamodb.control.dead_letters import DynamoDbDeadLetters

        return DynamoDbDeadLetters(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def dead_letter_queue(self) -> DeadLetterQueue:
        from chalicelib.adapters.messaging.queues import SqsDeadLetterQueue

        return SqsDeadLetterQueue(self.client("sqs"), self.queue_url("dead-letters"), self.queue_url("parking"))

    def queue_url(self, queue: str) -> str:
        return self.settings.queue_url(queue, self.client("sqs").meta.endpoint_url)

    @cached_property
    def outbox(self) -> Outbox:
        from chalicelib.adapters.dynamodb.control.outbox import DynamoDbOutbox

        return DynamoDbOutbox(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def switches(self) -> FaultSwitches:
        from chalicelib.adapters.dynamodb.control.fault_switches import DynamoDbSwitchStore
        from chalicelib.adapters.fault_injection.switches import FaultSwitches

        store = DynamoDbSwitchStore(self.client("dynamodb"), self.settings.name("control"))
        return FaultSwitches(store, self.clock, enabled=self.settings.fault_switches)

    @cached_property
    def circuits(self) -> CircuitStore:
        from chalicelib.adapters.dynamodb.control.circuits import DynamoDbCircuitStore

        return DynamoDbCircuitStore(self.client("dynamodb"), self.settings.name("control"))

    def breaker(self, dependency: str) -> CircuitBreaker:
        """The circuit breaker of that name, one per process."""
        if dependency not in self._breakers:
            from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker
            from chalicelib.wiring.circuits import announcing

            self._breakers[dependency] = CircuitBreaker(
                dependency, self.circuits, self.clock, self.ids, on_transition=announcing(self.bus.tell)
            )
        return self._breakers[dependency]

    @cached_property
    def bus(self) -> EventBridgeBus:
        from chalicelib.adapters.messaging.event_bus import EventBridgeBus

        return EventBridgeBus(self.client("events"), self.settings.name("bus"))
