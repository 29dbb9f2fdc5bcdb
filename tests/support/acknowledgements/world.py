"""Callbacks from the stream to the ERP in virtual time: real listener, consumer, reconciliation; queue in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.acknowledgements.announce import AnnounceOutcome
from chalicelib.acknowledgements.callback import AcknowledgeErp, Callback, redelivery_delay_s
from chalicelib.acknowledgements.reconcile import ReconcileOutcomes
from chalicelib.acknowledgements.resend import Resend
from chalicelib.acknowledgements.subscription import Subscription, changed
from chalicelib.adapters.http_callback import CallbackPostponed, CallbackRefused
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.adapters.memory.recovery import MemoryBookmark
from chalicelib.domain.errors import TransientError
from chalicelib.domain.events import Event, OrderConfirmed, OrderRejected
from chalicelib.ports import OrderRow
from tests.support.builders import content
from tests.support.domain.histories import REJECTION
from tests.support.operations import FakeApplication

SOURCE = "sap-emea"
URL = "https://erp.example/orders"


class MemoryErp:
    """A Callback. `told` holds what it took: (message id, document)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.tries = 0
        self.urls: list[str] = []
        self.down = False
        self.refuses = False
        self.bug: Exception | None = None

    def __call__(self, subscription: Subscription, message_id: str, body: bytes) -> int:
        self.tries += 1
        self.urls.append(subscription.url)
        if self.bug is not None:
            raise self.bug
        if self.refuses:
            raise CallbackRefused(f"erp:{subscription.source} answered HTTP 404", 404)
        if self.down:
            raise CallbackPostponed(f"erp:{subscription.source}", 503)
        self.told.append((message_id, json.loads(body)))
        return 204

    def told_about(self, order_id: str) -> list[tuple[str, dict[str, Any]]]:
        return [told for told in self.told if told[1]["data"]["order_id"] == order_id]

    def heard(self, order_id: str) -> list[str]:
        """Types of what it took about the order, in order."""
        return [document["type"] for _, document in self.told_about(order_id)]


@dataclass
class Message:
    body: str
    due_at: datetime
    receives: int = 0


@dataclass
class World:
    """`messages` is the queue; `parked` what lies in the parking queue. Nothing moves but by the methods."""

    callback: Callback
    app: FakeApplication = field(default_factory=FakeApplication)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)
    bookmark: MemoryBookmark = field(default_factory=MemoryBookmark)
    messages: list[Message] = field(default_factory=list)
    streamed: dict[str, int] = field(default_factory=dict)
    orders: int = 0

    def __post_init__(self) -> None:
        app = self.app
        self.announce = AnnounceOutcome(app.subscriptions, self.send)
        repository = app.repository("AcknowledgeErp")
        self.acknowledge = AcknowledgeErp(repository, self.callback, app.subscriptions, app.deliveries, app.queue.park)
        self.reconcile = ReconcileOutcomes(
            app.subscriptions, app.projection, app.deliveries, self.send, self.bookmark, app.clock
        )
        self.resend = Resend(app.events, app.projection, app.subscriptions, self.outbox, self.send)

    @property
    def parked(self) -> Sequence[tuple[str, str]]:
        return self.app.queue.parked

    def send(self, message: dict[str, object]) -> None:
        self.messages.append(Message(json.dumps(message), self.app.clock.now()))

    def send_back(self, parked: tuple[str, str]) -> None:
        """`parking retry` of one message."""
        self.messages.append(Message(parked[0], self.app.clock.now()))

    def set(self, url: str = URL, also: Sequence[str] | None = None) -> None:
        before = self.app.subscriptions.get(SOURCE)
        self.app.subscriptions.put(changed(before, url, self.app.clock.now(), also, None))

    def order(self, *events: Event) -> str:
        """An accepted order, with these events; nothing of it has been streamed."""
        self.orders += 1
        order_id = self.app.accept(content(f"SO-{self.orders}"))
        self.append(order_id, *events)
        return order_id

    def append(self, order_id: str, *events: Event) -> None:
        for event in events:
            self.app.repository().append(self.app.order(order_id), event)

    def confirm(self, order_id: str) -> None:
        self.append(order_id, OrderConfirmed("OB-ABC"))

    def reject(self, order_id: str) -> None:
        self.append(order_id, REJECTION, OrderRejected(REJECTION.reasons))

    def stream(self) -> None:
        """What the stream's consumer does with all that is new."""
        for order_id in self.app.events.order_ids():
            recorded = self.app.events.load(order_id)
            order = self.app.order(order_id)
            self.app.projection.put(OrderRow.of(order))
            for event in recorded[self.streamed.get(order_id, 0) :]:
                self.announce(event, order)
            self.streamed[order_id] = len(recorded)

    def work(self) -> None:
        """The consumer has its way with every message that is due."""
        now = self.app.clock.now()
        for message in [one for one in self.messages if one.due_at <= now]:
            message.receives += 1
            try:
                self.acknowledge(message.body, message.receives)
            except TransientError:
                message.due_at = now + timedelta(seconds=redelivery_delay_s(message.receives))
            else:
                self.messages.remove(message)

    def tick(self) -> None:
        self.stream()
        self.work()
        self.reconcile()
        self.work()
        self.stream()

    def run(self, duration: timedelta, step: timedelta = timedelta(minutes=1)) -> None:
        """Time passes, and everything that is scheduled happens."""
        ends_at = self.app.clock.now() + duration
        while self.app.clock.now() < ends_at:
            self.tick()
            self.app.clock.advance(step.total_seconds())
        self.tick()
