"""The sweeper: finds orders that nothing carries on any more, and sets them in motion again.

- accepted but never started (a crash between the two): started;
- without an outcome and without a running execution (stopped by hand, timed out, lost): one more attempt;
- parked but unknown to triage (its message was lost): announced to the dead-letter queue again;
- parked and cancelled, but not started (a crash between the two): one more attempt, which undoes it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.decisions import decide_restart
from chalicelib.domain.errors import PermanentError, Refused
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.state import IN_PROGRESS, Order, Status
from chalicelib.observability import log_context, logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import DeadLetterQueue, DeadLetters, OrderQuery, OrderRow, Projection, WorkflowEngine
from chalicelib.recovery.ports import Bookmark

UNSTARTED_AFTER = timedelta(minutes=1)
SILENT_AFTER = timedelta(minutes=10)
"""An order without an event for this long is looked at; while its execution runs (waiting to retry), it is left."""

SWEEPING_TIME = timedelta(seconds=40)
"""How long one sweep walks; the next one goes on where it stopped, so every order has its turn."""

PAGE = 50
STATUSES = (*sorted(IN_PROGRESS), Status.FAILED)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Safe to run at any time and twice at once: every action is idempotent or a decision on events."""

    projection: Projection
    repository: OrderRepository
    workflow: WorkflowEngine
    letters: DeadLetters
    queue: DeadLetterQueue
    bookmark: Bookmark

    def __call__(self) -> dict[str, int]:
        """What was done, counted: seen, started, restarted, announced, and how many orders could not be read."""
        counts: Counter[str] = Counter(seen=0, started=0, restarted=0, announced=0, unreadable=0)
        for row in self._quiet_orders():
            counts["seen"] += 1
            with log_context(order_id=row.order_id, correlation_id=row.correlation_id):
                action = self._look_at_or_pass_by(row)
                if action:
                    counts[action] += 1
                    logger().warning(f"order {action} by the sweeper", extra={"status": row.status})
        logger().info("swept", extra=dict(counts))
        return dict(counts)

    def _look_at_or_pass_by(self, row: OrderRow) -> str:
        """One order that cannot be read must not keep the sweeper from all those behind it."""
        try:
            return self._look_at(row)
        except PermanentError as error:
            logger().error("order passed by", extra={"error": type(error).__name__, "detail": str(error)})
            return "unreadable"

    def _look_at(self, row: OrderRow) -> str:
        if row.status is Status.FAILED and self.letters.get(row.fingerprint, row.order_id) is not None:
            return ""  # in triage, and the most frequent case: one read
        order = self.repository.load(row.order_id)
        if order.is_final:
            return ""
        if order.outcome is Status.FAILED:
            return self._restart(order) if order.cancellation else self._announce(order)
        if order.updated_at > self.repository.clock.now() - UNSTARTED_AFTER:
            return ""  # a revision that came just now, of an order that is in the list for longer
        if order.status is Status.RECEIVED and self._start(order):
            return "started"
        if self._is_silent(order) and not self.workflow.is_running(order.order_id, order.attempt):
            return self._restart(order)
        return ""

    def _quiet_orders(self) -> Iterator[OrderRow]:
        """Unfinished orders from the read model, from the bookmark on; what is done is decided on their events."""
        now = self.repository.clock.now()
        first, cursor = self._place()
        for status in STATUSES[STATUSES.index(first) :]:
            while True:
                page = self.projection.query(
                    OrderQuery(status=status, end=now - UNSTARTED_AFTER, limit=PAGE, cursor=cursor)
                )
                yield from page.rows
                cursor = page.cursor
                if cursor and self.repository.clock.now() >= now + SWEEPING_TIME:
                    self.bookmark.save(f"{status} {cursor}")
                    return
                if not cursor:
                    break
        if self.bookmark.load():
            self.bookmark.save("")

    def _place(self) -> tuple[Status, str]:
        """Where to go on. A bookmark that this release cannot use (another one wrote it) is the beginning."""
        status, _, cursor = self.bookmark.load().partition(" ")
        if not status:
            return STATUSES[0], ""
        try:
            place = Status(status)
            STATUSES.index(place)
            self.projection.query(OrderQuery(status=place, limit=1, cursor=cursor))
        except ValueError:
            return STATUSES[0], ""
        return place, cursor

    def _is_silent(self, order: Order) -> bool:
        return order.updated_at <= self.repository.clock.now() - SILENT_AFTER

    def _start(self, order: Order) -> bool:
        return self.workflow.start(order.order_id, order.correlation_id, order.attempt)

    def _restart(self, order: Order) -> str:
        """One attempt more. If the start is lost, a later sweep finds the order silent again."""

        def restart(current: Order) -> Order:
            event = decide_restart(current, by="sweeper", reason="its execution is gone")
            return self.repository.append(current, event)

        try:
            redriven = self.repository.handle(order.order_id, restart)
        except Refused as refusal:
            logger().error("order cannot be restarted", extra={"reason": str(refusal)})
            return ""
        self._start(redriven)
        return "restarted"

    def _announce(self, order: Order) -> str:
        failure = order.failure
        if failure is None or order.updated_at > self.repository.clock.now() - UNSTARTED_AFTER:
            return ""  # just parked: its message is on the way
        failed = FailedOrder.of(order, failure, order.updated_at)
        self.queue.send(failed_order_message(failed))
        return "announced"
