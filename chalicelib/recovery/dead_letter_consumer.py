"""The consumer of the dead-letter queue: opens a dead letter for every failed order, and redrives what may pass.

A message is handled on its own: what cannot be understood is parked with its reason, and never blocks another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.dead_letter_messages import (
    JOB,
    REDRIVE,
    UnreadableMessage,
    parse_failed_order,
    parse_message,
    redrive_message,
)
from chalicelib.domain.errors import Refused
from chalicelib.domain.failures import FailedOrder
from chalicelib.domain.state import fold
from chalicelib.domain.timestamps import format_utc
from chalicelib.observability import log_context, logger
from chalicelib.orders.commands import OrderCommands
from chalicelib.ports import Clock, DeadLetter, DeadLetterQueue, DeadLetters, EventStore
from chalicelib.recovery.redrive_policy import DEPENDENCY_OF_STEP, automatic_delay


@dataclass(frozen=True, slots=True)
class DeadLetterConsumer:
    """Called with the body of one message. Raises TransientError to get it again later.

    `open_circuits` names the dependencies that must not be asked now; `run_job` works on a group's redrive.
    """

    events: EventStore
    letters: DeadLetters
    queue: DeadLetterQueue
    commands: OrderCommands
    clock: Clock
    open_circuits: Callable[[], frozenset[str]]
    run_job: Callable[[str], None]
    base_delay: timedelta = timedelta(minutes=1)

    def __call__(self, body: str) -> None:
        try:
            message = parse_message(body)
            if message["kind"] == JOB:
                self.run_job(str(message.get("job_id", "")))
                return
            due = str(message.get("redrive_at", "")) if message["kind"] == REDRIVE else None
            self._handle(parse_failed_order(message), due)
        except UnreadableMessage as problem:
            logger().error("message parked", extra={"reason": str(problem)})
            self.queue.park(body, str(problem))

    def _handle(self, failed: FailedOrder, due: str | None) -> None:
        """`due`: of a redrive, when it was to come (empty: sent by an earlier release); None for an announcement."""
        with log_context(order_id=failed.order_id, correlation_id=failed.correlation_id, attempt=failed.attempt):
            recorded = self.events.load(failed.order_id)
            if not recorded:
                raise UnreadableMessage(f"there is no order {failed.order_id}")
            order = fold(recorded)
            if failed.is_settled_in(order):
                self.letters.close(failed)
                logger().info("dead letter is settled already", extra={"status": order.status})
            elif due is not None:
                self._go_on(failed, due)
            elif not self._is_in_triage(failed):
                self._open(failed, order.tries)

    def _is_in_triage(self, failed: FailedOrder) -> bool:
        """Another message has opened the letter: what follows from it is under way, and one is enough."""
        letter = self.letters.get(failed.fingerprint, failed.order_id)
        return letter is not None and letter.failed.attempt >= failed.attempt and letter.announced_at is None

    def _open(self, failed: FailedOrder, tries: int) -> None:
        delay = automatic_delay(failed.error, tries, self.base_delay)
        if delay is None:
            self.letters.record(DeadLetter(failed))
            logger().warning("dead letter waits for an operator", extra={"fingerprint": failed.fingerprint})
        else:
            self._schedule(failed, delay)

    def _go_on(self, failed: FailedOrder, due: str) -> None:
        """The redrive that the letter names goes on; another one of the same failure ends here."""
        letter = self.letters.get(failed.fingerprint, failed.order_id)
        if due and letter is not None and letter.redrive_at is not None and format_utc(letter.redrive_at) != due:
            logger().info("another redrive of the same failure is scheduled", extra={"redrive_at": letter.redrive_at})
        elif DEPENDENCY_OF_STEP.get(failed.step, "") in self.open_circuits():
            self._schedule(failed, self.base_delay)
        else:
            self._redrive(failed)

    def _schedule(self, failed: FailedOrder, delay: timedelta) -> None:
        """Sent before it is recorded: if only one of them is done, the message comes again and neither is missing."""
        redrive_at = self.clock.now() + delay
        self.queue.send(redrive_message(failed, redrive_at), delay_s=int(delay.total_seconds()))
        self.letters.record(DeadLetter(failed, redrive_at=redrive_at))
        logger().info("redrive scheduled", extra={"delay_s": delay.total_seconds()})

    def _redrive(self, failed: FailedOrder) -> None:
        try:
            self.commands.redrive(failed.order_id, by="orderbridge", reason=f"{failed.error} may have passed")
        except Refused as refusal:  # moved on meanwhile, or has had all its attempts
            logger().info("not redriven", extra={"reason": str(refusal)})
        if failed.is_settled_in(self.commands.repository.load(failed.order_id)):
            self.letters.close(failed)
