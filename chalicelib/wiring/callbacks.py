"""How ERPs that can receive calls are told: subscriptions, the queue's consumer, the reconciliation, and commands."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.orders import Orders

if TYPE_CHECKING:
    from chalicelib.acknowledgements.announce import AnnounceOutcome
    from chalicelib.acknowledgements.callback import AcknowledgeErp, Callback
    from chalicelib.acknowledgements.delivery import Deliveries
    from chalicelib.acknowledgements.ping import Ping
    from chalicelib.acknowledgements.reconcile import ReconcileOutcomes
    from chalicelib.acknowledgements.resend import Resend
    from chalicelib.acknowledgements.subscription import Subscription, Subscriptions
    from chalicelib.adapters.callback_sender import CallbackSender
    from chalicelib.wiring.batches import Batches


class Callbacks(Orders):
    """Everything about callbacks."""

    @cached_property
    def subscriptions(self) -> Subscriptions:
        from chalicelib.adapters.dynamodb.control.subscriptions import DynamoDbSubscriptions

        return DynamoDbSubscriptions(self.client("dynamodb"), self.settings.name("control"))

    @cached_property
    def deliveries(self) -> Deliveries:
        from chalicelib.adapters.dynamodb.control.deliveries import DynamoDbDeliveries

        return DynamoDbDeliveries(self.client("dynamodb"), self.settings.name("control"), self.clock)

    @cached_property
    def callback(self) -> CallbackSender:
        from chalicelib.adapters.callback_sender import CallbackSender
        from chalicelib.adapters.http_callback import HttpCallback

        http = HttpCallback(self.clock, plain_http=self.settings.stage == "local")
        return CallbackSender(self.client("secretsmanager"), self.settings.stage, http, self.clock)

    @cached_property
    def announce_outcome(self) -> AnnounceOutcome:
        from chalicelib.acknowledgements.announce import AnnounceOutcome

        return AnnounceOutcome(self.subscriptions, self.send_acknowledgement)

    @cached_property
    def acknowledge_erp(self) -> AcknowledgeErp:
        from chalicelib.acknowledgements.callback import AcknowledgeErp
        from chalicelib.batches.reporting.ended import EndDocument

        return AcknowledgeErp(
            self.repository("AcknowledgeErp"),
            self.guarded_callback,
            self.subscriptions,
            self.deliveries,
            self.dead_letter_queue.park,
            EndDocument(self.batches.ledger),
        )

    @cached_property
    def reconcile_outcomes(self) -> ReconcileOutcomes:
        from chalicelib.acknowledgements.reconcile import ReconcileOutcomes
        from chalicelib.adapters.dynamodb.control.jobs import DynamoDbBookmark

        return ReconcileOutcomes(
            self.subscriptions,
            self.projection,
            self.deliveries,
            self.send_acknowledgement,
            DynamoDbBookmark(self.client("dynamodb"), self.settings.name("control"), "outcomes"),
            self.clock,
        )

    @cached_property
    def resend(self) -> Resend:
        from chalicelib.acknowledgements.resend import Resend

        return Resend(self.events, self.projection, self.subscriptions, self.outbox, self.send_acknowledgement)

    @cached_property
    def ping(self) -> Ping:
        from chalicelib.acknowledgements.ping import Ping

        return Ping(self.callback, self.clock, self.ids)

    @cached_property
    def batches(self) -> Batches:
        from chalicelib.batches.reporting.ended import AnnounceEnd
        from chalicelib.wiring.batches import Batches

        def wanted(source: str) -> bool:
            return bool(self.subscriptions.get(source).url)

        return Batches(self, lambda: AnnounceEnd(self.bus.tell, wanted, self.send_acknowledgement))

    def send_acknowledgement(self, message: dict[str, object]) -> None:
        """Into the queue of the consumer `acknowledge_erp`."""
        from chalicelib.adapters.messaging.queues import send_json

        url = self.queue_url("acknowledgements")
        send_json(self.client("sqs"), url, message, fair_to=str(message["source"]))

    def postpone_acknowledgement(self, receipt_handle: str, receives: int) -> None:
        """A message that failed after it was received so often. If that fails too, the queue's own timeout holds."""
        from chalicelib.acknowledgements.callback import redelivery_delay_s
        from chalicelib.adapters.messaging.queues import hide
        from chalicelib.domain.errors import OrderbridgeError
        from chalicelib.observability import logger

        try:
            url = self.queue_url("acknowledgements")
            hide(self.client("sqs"), url, receipt_handle, redelivery_delay_s(receives))
        except OrderbridgeError as error:
            logger().warning("message not postponed", extra={"error": type(error).__name__})

    @cached_property
    def guarded_callback(self) -> Callback:
        """Each ERP has a circuit of its own, and one failure switch, `erp`, stands for all of them.

        What it works with is made here: clients must not be made by several threads at once.
        """
        switches, callback, _, _ = self.switches, self.callback, self.circuits, self.bus

        def guarded(subscription: Subscription, message_id: str, body: bytes) -> int:
            return self.breaker(f"erp:{subscription.source}").call(
                lambda: switches.with_faults("erp", lambda: callback(subscription, message_id, body))
            )

        return guarded
