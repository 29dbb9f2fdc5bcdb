"""The sweeper: finds orders that nothing carries on any more, and sets them in motion again.

- accepted but never started (a crash between the two): started;
- without an outcome and without a running execution (stopped by hand, timed out, lost): one more attempt or, when it
  has had them all, parked, so that somebody is told;
- parked and cancelled, but not started (a crash between the two): one more attempt, which undoes it;
- parked but unknown to triage (its message was lost): announced to the dead-letter queue again.

An order is changed only if it still is as it was looked at; else the next sweep looks again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.dead_letter_messages import failed_order_message
from chalicelib.domain.decisions import attempts_are_spent, decide_redrive, decide_restart
from chalicelib.domain.errors import PermanentError, TransientError, VersionConflict
from chalicelib.domain.events import OrderRedriven
from chalicelib.domain.failures import FailedOrder, Failure
from chalicelib.domain.state import IN_PROGRESS, Order, Status
from chalicelib.observability import log_context, logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import DeadLetter, DeadLetterQueue, DeadLetters, OrderQuery, OrderRow, Projection, WorkflowEngine
from chalicelib.recovery.ports import Bookmark
from chalicelib.workflow.table import STEPS

UNSTARTED_AFTER = timedelta(minutes=1)
SILENT_AFTER = timedelta(minutes=10)
"""An order without an event for this long is looked at; while its execution runs (waiting to retry), it is left."""

ANNOUNCED_AGAIN_AFTER = timedelta(hours=1)
"""How long an announcement, or a redrive that is due, may be on its way before it counts as lost. While the consumer
is down, messages must not become more by every sweep."""

GIVEN_UP = "GivenUp"
SWEEPING_TIME = timedelta(seconds=40)
"""How long one sweep walks; the next one goes on where it stopped, so every order has its turn."""

PAGE = 50
_FORWARD = frozenset(step.name for step in STEPS)
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
    park: Callable[[str, Failure, int, int], object]
    """As steps.handle_failure.HandleFailure: order id, failure, 0, the attempt that failed."""

    def __call__(self) -> dict[str, int]:
        """What was done, counted: seen, started, restarted, announced, unreadable; given up if there were any."""
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
        order = self.repository.load(row.order_id)
        if order.is_final:
            return ""
        if order.outcome is Status.FAILED:
            return self._look_at_parked(order)
        if order.updated_at > self.repository.clock.now() - UNSTARTED_AFTER:
            return ""  # a revision that came just now, of an order that is in the list for longer
        is_silent = self._is_silent(order)
        if not (is_silent or order.status is Status.RECEIVED):
            return ""
        if self.workflow.is_running(order.order_id, order.attempt):
            return ""
        if order.status is Status.RECEIVED and self._start(order):
            return "started"
        return self._restart(order) if is_silent else ""

    def _look_at_parked(self, order: Order) -> str:
        """The cancellation before the letter: what was promised to be undone waits for nobody."""
        failure = order.failure
        assert failure is not None, f"{order.order_id} is FAILED without a failure"
        if order.is_undone and failure.step in _FORWARD:
            return self._append_attempt(order, decide_redrive(order, by="sweeper", reason="it is to be undone"))
        letter = self.letters.get(failure.fingerprint, order.order_id)
        if letter is not None and letter.failed.attempt >= order.attempt and not self._is_overdue(letter):
            return ""  # in triage, or on its way there
        return self._announce(order, FailedOrder.of(order, failure, order.updated_at))

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
        """One attempt more, or the end of them: then a person is told, as for any other failure."""
        if not attempts_are_spent(order):
            return self._append_attempt(order, decide_restart(order, by="sweeper", reason="its execution is gone"))
        message = f"given up after {order.tries} attempts: every execution ended without an outcome"
        self.park(order.order_id, Failure("OrderWorkflow", GIVEN_UP, message), 0, order.attempt)
        return "given up"

    def _append_attempt(self, order: Order, event: OrderRedriven) -> str:
        """If the start is lost, a later sweep finds the order silent again."""
        try:
            redriven = self.repository.append(order, event)
        except VersionConflict:
            return ""  # it moves
        self._start(redriven)
        return "restarted"

    def _is_overdue(self, letter: DeadLetter) -> bool:
        return letter.due_at is not None and letter.due_at <= self.repository.clock.now() - ANNOUNCED_AGAIN_AFTER

    def _announce(self, order: Order, failed: FailedOrder) -> str:
        """Remembered in the letter, which also shows the order in its group while the consumer is down."""
        now = self.repository.clock.now()
        if order.updated_at > now - UNSTARTED_AFTER:
            return ""  # just parked: its message is on the way
        self.letters.record(DeadLetter(failed, announced_at=now))
        try:
            self.queue.send(failed_order_message(failed))
        except TransientError:
            self.letters.close(failed)
            raise
        return "announced"
