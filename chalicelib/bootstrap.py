"""The composition root: the only place that creates clients and adapters. One `Application` per process.

Everything is made when it is first used, and imported there, so that a function pays only for what it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_clients import ATTEMPTS, client
from chalicelib.adapters.system import SystemClock, SystemIds
from chalicelib.domain.state import Status
from chalicelib.journal import Journal
from chalicelib.ports import (
    Clock,
    DeadLetterQueue,
    DeadLetters,
    Ids,
    Inventory,
    PaymentGateway,
    Projection,
    ReferenceData,
    WorkflowEngine,
)
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb_event_store import DynamoDbEventStore
    from chalicelib.adapters.dynamodb_sources import DynamoDbCallbacks
    from chalicelib.adapters.payments.credit import CreditLedger
    from chalicelib.api.services import ApiServices
    from chalicelib.api.tokens import TokenStore
    from chalicelib.intake.accept import Intake
    from chalicelib.operations.acknowledge import AcknowledgeErp
    from chalicelib.operations.commands import OrderCommands
    from chalicelib.operations.dead_letters import DeadLetterConsumer
    from chalicelib.operations.jobs import GroupJobs
    from chalicelib.operations.outbox import Outbox
    from chalicelib.operations.project_events import ProjectEvents
    from chalicelib.operations.sweep import Sweeper
    from chalicelib.steps.handle_failure import HandleFailure

VERSION = "0.1.0"

REFERENCE_FOLDER = "/tmp/orderbridge-reference"

_current: Application | None = None


def application(function_arn: str = "") -> Application:
    """The application of this process, made on the first call. Raises Misconfigured."""
    global _current
    if _current is None:
        _current = Application(Settings.read(os.environ, function_arn))
    return _current


class Application:
    """The wired system. `make_client(service, region, attempts)` may be replaced by whoever brings other clients."""

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

    def client(self, service: str, attempts: int = ATTEMPTS) -> Any:
        """A client, made once for every use with as many attempts."""
        key = (service, attempts)
        if key not in self._clients:
            self._clients[key] = self._make_client(service, self.settings.region, attempts)
        return self._clients[key]

    def journal(self, step: str) -> Journal:
        return Journal(self.events, self.clock, self.ids, step)

    def step(self, name: str, retry: int = 0) -> Callable[[str], Status]:
        """The workflow step of that name, ready to be called with an order id. `retry`: how often it ran before."""
        return _STEPS[name](self, retry)

    @cached_property
    def events(self) -> DynamoDbEventStore:
        from chalicelib.adapters.dynamodb_event_store import DynamoDbEventStore

        return DynamoDbEventStore(self.client("dynamodb"), self.settings.name("events"))

    @cached_property
    def inventory(self) -> Inventory:
        from chalicelib.adapters.dynamodb_inventory import DynamoDbInventory

        return DynamoDbInventory(
            self.client("dynamodb"), self.settings.name("inventory"), self.events, self.clock, self.ids
        )

    @cached_property
    def projection(self) -> Projection:
        from chalicelib.adapters.dynamodb_projection import DynamoDbProjection

        return DynamoDbProjection(self.client("dynamodb"), self.settings.name("orders"), self.clock, self.ids)

    @cached_property
    def reference(self) -> ReferenceData:
        from chalicelib.adapters.s3_reference_data import S3ReferenceData

        s3 = self.client("s3", attempts=1)  # while it hangs, the cached copy answers
        return S3ReferenceData(s3, self.settings.bucket("reference"), REFERENCE_FOLDER, self.clock)

    @cached_property
    def payments(self) -> PaymentGateway:
        from chalicelib.adapters.payments.on_account import OnAccountGateway
        from chalicelib.adapters.payments.router import PaymentRouter

        on_account = OnAccountGateway(self.credit, self.clock, self.ids)
        return PaymentRouter({"card": self._card_gateway(), "on_account": on_account})

    def _card_gateway(self) -> PaymentGateway:
        from chalicelib.adapters.payments.ledger_dynamodb import DynamoDbChargeLedger

        ledger = DynamoDbChargeLedger(self.client("dynamodb"), self.settings.name("payments"))
        if self.settings.payment_gateway == "sandbox":
            from chalicelib.adapters.payments.sandbox import SandboxGateway

            return SandboxGateway(ledger, self.clock, self.ids)
        from chalicelib.adapters.payments.stripe_api import StripeApi
        from chalicelib.adapters.payments.stripe_gateway import StripeGateway
        from chalicelib.adapters.payments.stripe_key import StripeKey

        key = StripeKey(self.client("secretsmanager"), f"orderbridge/{self.settings.stage}/stripe", self.clock)
        return StripeGateway(StripeApi(key, self.settings.stripe_api_base), ledger, self.clock)

    @cached_property
    def credit(self) -> CreditLedger:
        from chalicelib.adapters.payments.credit_dynamodb import DynamoDbCreditLedger

        return DynamoDbCreditLedger(self.client("dynamodb"), self.settings.name("payments"), self.clock, self.ids)

    @cached_property
    def workflow(self) -> WorkflowEngine:
        from chalicelib.adapters.step_functions import StepFunctionsEngine

        return StepFunctionsEngine(self.client("stepfunctions"), self.settings.state_machine_arn)

    @cached_property
    def intake(self) -> Intake:
        from chalicelib.intake.accept import Intake

        return Intake(self.journal("Intake"), self.workflow)

    @cached_property
    def dead_letter_queue(self) -> DeadLetterQueue:
        from chalicelib.adapters.messaging import SqsDeadLetterQueue

        sqs = self.client("sqs")
        urls = [self.settings.queue_url(queue, sqs.meta.endpoint_url) for queue in ("dead-letters", "parking")]
        return SqsDeadLetterQueue(sqs, *urls)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        from chalicelib.adapters.dynamodb_dead_letters import DynamoDbDeadLetters

        return DynamoDbDeadLetters(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def handle_failure(self) -> HandleFailure:
        from chalicelib.adapters.messaging import SnsAlerts
        from chalicelib.steps.handle_failure import HandleFailure

        alerts = SnsAlerts(self.client("sns"), self.settings.arn("sns", self.settings.name("alerts")))
        return HandleFailure(self.journal("HandleFailure"), self.dead_letter_queue, alerts)

    @cached_property
    def commands(self) -> OrderCommands:
        from chalicelib.operations.commands import OrderCommands

        return OrderCommands(self.journal("Operator"), self.workflow)

    @cached_property
    def group_jobs(self) -> GroupJobs:
        from chalicelib.adapters.dynamodb_control import DynamoDbJobs
        from chalicelib.operations.jobs import GroupJobs

        jobs = DynamoDbJobs(self.client("dynamodb"), self.settings.name("control"))
        return GroupJobs(self.dead_letters, jobs, self.dead_letter_queue, self.commands, self.clock, self.ids)

    @cached_property
    def dead_letter_consumer(self) -> DeadLetterConsumer:
        from chalicelib.operations.commands import OrderCommands
        from chalicelib.operations.dead_letters import DeadLetterConsumer

        return DeadLetterConsumer(
            self.events,
            self.dead_letters,
            self.dead_letter_queue,
            OrderCommands(self.journal("DeadLetters"), self.workflow),
            self.clock,
            open_circuits=frozenset,
            run_job=self.group_jobs.work,
            base_delay=timedelta(seconds=self.settings.redrive_delay_s),
        )

    @cached_property
    def project_events(self) -> ProjectEvents:
        from chalicelib.adapters.messaging import EventBridgeBus
        from chalicelib.operations.acknowledge import AnnounceOutcome
        from chalicelib.operations.metrics import count
        from chalicelib.operations.outbox import listener
        from chalicelib.operations.project_events import ProjectEvents

        bus = EventBridgeBus(self.client("events"), self.settings.name("bus"))
        announce = AnnounceOutcome(self.callbacks.wanted, self._send_acknowledgement)
        return ProjectEvents(self.events, self.projection, bus, listeners=(count, listener(self.outbox), announce))

    @cached_property
    def outbox(self) -> Outbox:
        from chalicelib.adapters.dynamodb_outbox import DynamoDbOutbox

        return DynamoDbOutbox(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def callbacks(self) -> DynamoDbCallbacks:
        from chalicelib.adapters.dynamodb_sources import DynamoDbCallbacks
        from chalicelib.adapters.http_callback import HttpCallback

        return DynamoDbCallbacks(
            self.client("dynamodb"),
            self.settings.name("control"),
            self.client("secretsmanager"),
            self.settings.stage,
            HttpCallback(self.clock, plain_http=self.settings.stage == "local"),
            self.clock,
        )

    def _send_acknowledgement(self, message: dict[str, object]) -> None:
        from chalicelib.adapters.messaging import send_json

        sqs = self.client("sqs")
        send_json(sqs, self.settings.queue_url("acknowledgements", sqs.meta.endpoint_url), message)

    @cached_property
    def acknowledge_erp(self) -> AcknowledgeErp:
        from chalicelib.operations.acknowledge import AcknowledgeErp

        return AcknowledgeErp(self.journal("AcknowledgeErp"), self.callbacks)

    @cached_property
    def sweeper(self) -> Sweeper:
        from chalicelib.adapters.dynamodb_control import DynamoDbBookmark
        from chalicelib.operations.sweep import Sweeper

        return Sweeper(
            self.projection,
            self.journal("Sweeper"),
            self.workflow,
            self.dead_letters,
            self.dead_letter_queue,
            DynamoDbBookmark(self.client("dynamodb"), self.settings.name("control"), "sweep"),
        )

    @cached_property
    def api(self) -> ApiServices:
        from chalicelib.api.services import ApiServices

        return ApiServices(
            intake=self.intake,
            events=self.events,
            projection=self.projection,
            clock=self.clock,
            commands=self.commands,
            letters=self.dead_letters,
            jobs=self.group_jobs,
            health=tuple,
            version=VERSION,
        )

    @cached_property
    def tokens(self) -> TokenStore:
        from chalicelib.adapters.dynamodb_tokens import DynamoDbTokens

        return DynamoDbTokens(self.client("dynamodb"), self.settings.name("control"))


def _validate(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.validate_order import ValidateOrder

    return ValidateOrder(app.journal("ValidateOrder"), app.reference)


def _reserve(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.reserve_inventory import ReserveInventory

    return ReserveInventory(app.journal("ReserveInventory"), app.inventory)


def _capture(app: Application, retry: int) -> Callable[[str], Status]:
    from chalicelib.steps.capture_payment import CapturePayment

    return CapturePayment(app.journal("CapturePayment"), app.payments, look_first=retry > 0)


def _confirm(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.confirm_order import ConfirmOrder

    return ConfirmOrder(app.journal("ConfirmOrder"), app.reference)


def _refund(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.refund_payment import RefundPayment

    return RefundPayment(app.journal("RefundPayment"), app.payments)


def _release(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.release_inventory import ReleaseInventory

    return ReleaseInventory(app.journal("ReleaseInventory"), app.inventory)


def _reject(app: Application, _: int) -> Callable[[str], Status]:
    from chalicelib.steps.reject_order import RejectOrder

    return RejectOrder(app.journal("RejectOrder"))


_STEPS: dict[str, Callable[[Application, int], Callable[[str], Status]]] = {
    "ValidateOrder": _validate,
    "ReserveInventory": _reserve,
    "CapturePayment": _capture,
    "ConfirmOrder": _confirm,
    "RefundPayment": _refund,
    "ReleaseInventory": _release,
    "RejectOrder": _reject,
}
