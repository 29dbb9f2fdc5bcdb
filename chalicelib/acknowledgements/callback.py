"""Tells an ERP that can receive calls what became of its order: one signed callback per outcome, and its event.

The stream consumer announces an outcome by a message; the consumer of the messages calls the ERP. A message that
fails comes again, later each time; an ERP that is down gets its answers when it is back. What repeating cannot help,
an ERP that refuses or has no secret, is parked with its reason, to be sent again when the cause is fixed. Whatever is
lost on this way is found by `reconcile.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from chalicelib.acknowledgements.delivery import GIVE_UP_AFTER, Attempt, Deliveries, Delivery
from chalicelib.acknowledgements.notice import (
    Notice,
    document,
    message_id,
    message_object,
    names_an_order,
    parse_notice,
)
from chalicelib.acknowledgements.subscription import Subscription, Subscriptions
from chalicelib.domain.dead_letter_messages import UnreadableMessage
from chalicelib.domain.errors import CircuitOpen, Contention, PermanentError, TransientError
from chalicelib.domain.events import ErpAcknowledged
from chalicelib.domain.state import Order, Status
from chalicelib.observability import logger, thread_log_context
from chalicelib.orders.repository import MAX_DECISIONS, OrderRepository

CHANNEL = "http"
FIRST_DELAY_S = 15
LONGEST_DELAY_S = 900

SOURCE_TIME = timedelta(seconds=30)
"""What one ERP may take of a batch of messages; the rest of its messages come again later."""


class Callback(Protocol):
    """Delivers to one ERP. Returns the HTTP status of its answer, 2xx.

    Raises DependencyUnavailable, DependencyTimeout, CircuitOpen, CallbackRefused, Misconfigured; those about an answer
    have its `status`.
    """

    def __call__(self, subscription: Subscription, message_id: str, body: bytes) -> int: ...


Documents = Callable[[Mapping[str, Any]], tuple[str, str, dict[str, Any]] | None]
"""A message about something else than an order -> source, id and body of the callback; None if it is past."""


def no_document(message: Mapping[str, Any]) -> None:
    """Where orders are all that an ERP is told about."""


@dataclass(frozen=True, slots=True)
class AcknowledgeErp:
    """Handles one message, received for the `receives`th time. `park` puts one away with its reason.

    Raises TransientError: the message comes again after `redelivery_delay_s(receives)`.
    """

    repository: OrderRepository
    callback: Callback
    subscriptions: Subscriptions
    deliveries: Deliveries
    park: Callable[[str, str], None]
    others: Documents = no_document

    def __call__(self, body: str, receives: int = 1) -> None:
        try:
            if not names_an_order(body):
                self._tell(body)
                return
            notice = parse_notice(body)
            order = self.repository.load(notice.order_id)
        except (PermanentError, UnreadableMessage) as problem:
            logger().error("acknowledgement parked", extra={"error": type(problem).__name__, "detail": str(problem)})
            self.park(body, f"{type(problem).__name__}: {problem}")
            return
        ids = {"order_id": order.order_id, "correlation_id": order.correlation_id, "source": order.content.source}
        with thread_log_context(**ids):
            if (delivery := self._owed(notice, order)) is not None:
                self._deliver(notice, order, delivery, body, receives)

    def _tell(self, body: str) -> None:
        """About something else than an order: without a log, and so without a reconciliation."""
        outgoing = self.others(message_object(body))
        if outgoing is None:
            return
        source, known_as, content = outgoing
        with thread_log_context(source=source):
            subscription = self.subscriptions.get(source)
            if subscription.url:
                self.callback(subscription, known_as, json.dumps(content).encode())
                logger().info("ERP told", extra={"callback": known_as})

    def _owed(self, notice: Notice, order: Order) -> Delivery | None:
        """What is to be told now, if anything."""
        status = notice.about or order.status
        if not (_is_current(notice, order) if notice.about else order.is_final):
            return None
        known = self.deliveries.get(order.order_id, message_id(order.order_id, order.revision, status, order.attempt))
        is_told = status in order.acknowledged if not notice.about else known is not None and known.delivered_at
        if is_told and not notice.again:
            return None
        return known or delivery_of(order, status)

    def _deliver(self, notice: Notice, order: Order, delivery: Delivery, body: str, receives: int) -> None:
        if delivery.delivered_at is not None and not notice.again:
            self._remember(order, delivery)  # it was told; the end of that was lost
            return
        subscription = self.subscriptions.get(order.content.source)
        if not subscription.url:
            logger().info("no callback is wanted any more", extra={"outcome": delivery.about})
            return
        is_sent_again = notice.again or (delivery.parked_at is not None and not notice.reconciled)
        begun = self._claimed(delivery, by_a_person=is_sent_again)
        try:
            told = self._call(subscription, order, begun, receives)
        except PermanentError as problem:
            self._park(begun, body, f"{type(problem).__name__}: {problem}")
        except TransientError as problem:
            is_parked = begun.parked_at is not None
            if not is_parked and not begun.gives_up(self._now()):
                raise
            self._park(begun, body, f"given up after {GIVE_UP_AFTER.days} days: {problem}")
        else:
            self._remember(order, told)

    def _call(self, subscription: Subscription, order: Order, delivery: Delivery, receives: int) -> Delivery:
        """Whatever happens is written down, also a mistake of ours, which is raised on."""
        content = json.dumps(document(order, delivery.about, delivery.occurred_at)).encode()
        began = self._now()
        next_try_at = began + timedelta(seconds=redelivery_delay_s(receives))
        try:
            status = self.callback(subscription, delivery.message_id, content)
        except CircuitOpen as problem:
            detail = str(problem)
            self._change(delivery, lambda now: now.not_called(detail, began, next_try_at))
            raise
        except Exception as problem:
            attempt = Attempt(began, self._since(began), getattr(problem, "status", 0), _brief(problem))
            self._change(delivery, lambda now: now.failed(attempt, next_try_at))
            raise
        answered = Attempt(began, self._since(began), status)
        try:
            return self._change(delivery, lambda now: now.succeeded(answered, self._now()))
        except TransientError as problem:  # the order's history will say that it was told
            logger().warning("delivery not written into its log", extra={"error": type(problem).__name__})
            return delivery

    def _claimed(self, delivery: Delivery, by_a_person: bool) -> Delivery:
        now = self._now()
        if delivery.is_claimed(now) or not self.deliveries.put(delivery.begun(now, by_a_person)):
            raise Contention(f"another call tells the ERP about {delivery.message_id} just now")
        return self.deliveries.get(delivery.order_id, delivery.message_id) or delivery

    def _change(self, delivery: Delivery, change: Callable[[Delivery], Delivery]) -> Delivery:
        """The record after the change, whoever has touched it meanwhile."""
        for _ in range(MAX_DECISIONS):
            changed = change(self.deliveries.get(delivery.order_id, delivery.message_id) or delivery)
            if self.deliveries.put(changed):
                return changed
        raise Contention(f"the delivery log of {delivery.message_id} was changed {MAX_DECISIONS} times at once")

    def _park(self, begun: Delivery, body: str, reason: str) -> None:
        """What lies in the parking queue already, and was tried once more, does not lie there twice."""
        logger().error("acknowledgement parked", extra={"outcome": begun.about, "detail": reason})
        if begun.parked_at is None:
            self.park(body, reason)
        self._change(begun, lambda now: now.parked(reason, self._now()))

    def _remember(self, told: Order, delivery: Delivery) -> None:
        """In the order's history, if it is about its outcome.

        A revision that came meanwhile has an outcome of its own, of which the ERP knows nothing yet.
        """

        def record(now: Order) -> None:
            if now.revision == told.revision and delivery.about not in now.acknowledged:
                self.repository.append(now, ErpAcknowledged(CHANNEL, delivery.about))

        if told.is_final and delivery.about == told.status:
            self.repository.handle(told.order_id, record)
        logger().info("ERP acknowledged", extra={"outcome": delivery.about})

    def _now(self) -> datetime:
        return self.repository.clock.now()

    def _since(self, began: datetime) -> int:
        return round((self._now() - began).total_seconds() * 1000)


def delivery_of(order: Order, status: str) -> Delivery:
    """The beginning of its log. Of an outcome that was not acknowledged, the last change is the outcome."""
    known_as = message_id(order.order_id, order.revision, status, order.attempt)
    is_received = status == Status.RECEIVED
    occurred_at = order.revisions[-1].received_at if is_received else order.updated_at
    return Delivery(order.order_id, known_as, order.content.source, status, occurred_at)


def redelivery_delay_s(receives: int) -> int:
    """How long a message that failed is hidden: doubles with every time it was received, up to a quarter of an hour."""
    return int(min(FIRST_DELAY_S * 2 ** (min(receives, 20) - 1), LONGEST_DELAY_S))


def _is_current(notice: Notice, order: Order) -> bool:
    """What was overtaken is not told any more: an ERP hears the last thing last."""
    if notice.revision != order.revision:
        return False
    if notice.about == Status.FAILED:
        return order.outcome is Status.FAILED and notice.attempt == order.attempt
    return order.status not in order.acknowledged


def _brief(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:300]
