"""What operates the system: the stream's consumer, dead letters, the sweeper, acknowledgements, and the API."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib import __version__
from chalicelib.adapters.payments import DEPENDENCY as PAYMENT
from chalicelib.wiring.callbacks import Callbacks

if TYPE_CHECKING:
    from chalicelib.adapters.messaging.parking_queue import SqsParking
    from chalicelib.api.services import ApiServices
    from chalicelib.auth.issue import TokenIssuer
    from chalicelib.read_model.project_events import ProjectEvents
    from chalicelib.recovery.dead_letter_consumer import DeadLetterConsumer
    from chalicelib.recovery.group_jobs import GroupJobs
    from chalicelib.recovery.sweeper import Sweeper
    from chalicelib.reference_data.publish import ReferenceDataPublisher

PROJECTION_THREADS = 8
"""Rows of one batch of the stream written at the same time. One after the other, at some 5 ms each, they would bound a
shard to two hundred events a second; locally they bounded a batch to thirty orders."""


class Services(Callbacks):
    """Everything around the workflow."""

    @cached_property
    def group_jobs(self) -> GroupJobs:
        from chalicelib.adapters.dynamodb.control.jobs import DynamoDbJobs
        from chalicelib.recovery.group_jobs import GroupJobs

        jobs = DynamoDbJobs(self.client("dynamodb"), self.settings.name("control"))
        return GroupJobs(self.dead_letters, jobs, self.dead_letter_queue, self.commands, self.clock, self.ids)

    @cached_property
    def dead_letter_consumer(self) -> DeadLetterConsumer:
        from chalicelib.orders.commands import OrderCommands
        from chalicelib.recovery.dead_letter_consumer import DeadLetterConsumer
        from chalicelib.wiring.circuits import blocked

        return DeadLetterConsumer(
            self.events,
            self.dead_letters,
            self.dead_letter_queue,
            OrderCommands(self.repository("DeadLetters"), self.workflow),
            self.clock,
            open_circuits=lambda: blocked([self.breaker(PAYMENT)], self.clock),
            run_job=self.group_jobs.work,
            base_delay=timedelta(seconds=self.settings.redrive_delay_s),
        )

    @cached_property
    def project_events(self) -> ProjectEvents:
        from concurrent.futures import ThreadPoolExecutor

        from chalicelib.acknowledgements.outbox import listener
        from chalicelib.acknowledgements.patience import patient
        from chalicelib.read_model.fold_cache import RecentOrders
        from chalicelib.read_model.metrics import counting
        from chalicelib.read_model.project_events import ProjectEvents

        answers = (listener(self.outbox), self.announce_outcome)
        listeners = (counting(self.settings.stage), *(patient(tell, self.clock) for tell in answers))
        return ProjectEvents(
            self.events,
            self.projection,
            self.bus,
            self.send_to_stream_failures,
            RecentOrders(),
            ThreadPoolExecutor(PROJECTION_THREADS),
            listeners,
        )

    def send_to_stream_failures(self, order_id: str, reason: str) -> None:
        """Into the queue whose alarm is `stream-failures`."""
        from chalicelib.adapters.messaging.queues import send_json

        send_json(self.client("sqs"), self.queue_url("stream-failures"), {"order_id": order_id, "reason": reason})

    @cached_property
    def sweeper(self) -> Sweeper:
        from chalicelib.adapters.dynamodb.control.jobs import DynamoDbBookmark
        from chalicelib.recovery.sweeper import Sweeper

        return Sweeper(
            self.projection,
            self.repository("Sweeper"),
            self.workflow,
            self.dead_letters,
            self.dead_letter_queue,
            DynamoDbBookmark(self.client("dynamodb"), self.settings.name("control"), "sweep"),
            park=self.handle_failure,
        )

    @cached_property
    def parking(self) -> SqsParking:
        from chalicelib.adapters.messaging.parking_queue import SqsParking

        queues = {name: self.queue_url(name) for name in ("acknowledgements", "dead-letters")}
        return SqsParking(self.client("sqs"), self.queue_url("parking"), queues)

    @cached_property
    def token_issuer(self) -> TokenIssuer:
        import secrets

        from chalicelib.auth.issue import TokenIssuer

        return TokenIssuer(self.tokens, self.clock, secrets.token_bytes)

    @cached_property
    def reference_publisher(self) -> ReferenceDataPublisher:
        from chalicelib.adapters.s3.reference_publisher import S3ReferencePublisher

        return S3ReferencePublisher(self.client("s3"), self.settings.bucket("reference"))

    @cached_property
    def api(self) -> ApiServices:
        from chalicelib.adapters.dynamodb.control.idempotency import DynamoDbIdempotencyKeys
        from chalicelib.api.services import ApiServices
        from chalicelib.wiring.circuits import checks

        return ApiServices(
            intake=self.intake,
            events=self.events,
            projection=self.projection,
            clock=self.clock,
            commands=self.commands,
            letters=self.dead_letters,
            jobs=self.group_jobs,
            batches=self.batches.service,
            keys=DynamoDbIdempotencyKeys(self.client("dynamodb"), self.settings.name("control")),
            rehearse=lambda content: self.rehearse(content),  # made when it is first asked for
            deliveries=self.deliveries,
            health=lambda: checks(self.circuits, always=PAYMENT),
            version=__version__,
        )
