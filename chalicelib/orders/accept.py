"""accept(): one conditional write makes an order ours; then the workflow is started.

A crash between the two leaves the order RECEIVED, and the sweeper starts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import TransientError, VersionConflict
from chalicelib.domain.events import OrderReceived
from chalicelib.domain.order import OrderContent
from chalicelib.domain.state import Order, Status
from chalicelib.orders.again import ASKED, Terms, has_brought, revision_brought
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Append, WorkflowEngine


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order is durably ours. `replayed`: it was before this call. `started`: its workflow is known to run.

    `correlation_id`: of whoever brought this revision of the order.
    """

    order_id: str
    status: Status
    correlation_id: str
    replayed: bool
    started: bool
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Intake:
    """The one way in for all channels."""

    repository: OrderRepository
    workflow: WorkflowEngine

    def accept(
        self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
    ) -> Accepted:
        """Take the order, or a new revision of one that was closed without delivery. A repeat gets the first answer.

        Raises OrderConflict (same number, other content), EventTooLarge, Contention, DependencyUnavailable (nothing
        stored for sure only if a repeat finds nothing: the caller repeats).
        """
        try:
            self.repository.events.append(self._first_event(content, correlation_id, channel))
        except VersionConflict:
            return self._again(content, correlation_id, channel, terms)
        started = self._start(content.order_id, correlation_id, attempt=1)
        return Accepted(content.order_id, Status.RECEIVED, correlation_id, replayed=False, started=started)

    def _first_event(self, content: OrderContent, correlation_id: str, channel: str) -> Append:
        return Append(
            order_id=content.order_id,
            expected_version=0,
            event=OrderReceived(content, content.payload_hash(), channel),
            recorded_at=self.repository.clock.now(),
            correlation_id=correlation_id,
            source=content.source,
            step=self.repository.step,
            token=self.repository.ids.token(),
        )

    def _again(self, content: OrderContent, correlation_id: str, channel: str, terms: Terms) -> Accepted:
        """Of several callers with the same new revision one appends it; the others then see a repeat of it."""

        def take(order: Order) -> tuple[Order, bool]:
            brought = revision_brought(order, content, correlation_id, channel, terms)
            if brought is None:
                return order, True
            return self.repository.append(order, brought, correlation_id), False

        order, replayed = self.repository.handle(content.order_id, take)
        never_moved = order.status is Status.RECEIVED and not order.is_undone
        started = self._start(order.order_id, order.correlation_id, order.attempt) if never_moved else True
        own = terms.once and has_brought(order, correlation_id)
        answered = correlation_id if own else order.correlation_id
        return Accepted(order.order_id, order.status, answered, replayed, started, order.revision)

    def _start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        """The order is safe whatever happens here: what is not started now is started by the sweeper."""
        try:
            self.workflow.start(order_id, correlation_id, attempt)
        except TransientError:
            return False
        return True
