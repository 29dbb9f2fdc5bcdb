"""The delivery log: what was tried to tell an ERP about one outcome, and what happens next.

(none) ── announced ──► waiting ── told ──► delivered
                         │    ▲
         refused, or     ▼    │ sent again by a person
         given up ──► parked ─┘   (tried again once a day, and when the address changes)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from chalicelib.acknowledgements.subscription import Subscription

MAX_ATTEMPTS_SHOWN = 20
"""The latest; `tries` counts all of them."""

CLAIM = timedelta(seconds=60)
"""While one consumer calls, no other does; longer than any call, so that it ends with a killed one."""

GIVE_UP_AFTER = timedelta(days=3)
"""Of passing failures in a row: longer than a weekend. Then the message is parked, and a person is told."""

TRIED_AGAIN_AFTER = timedelta(days=1)
"""What is parked is announced again after this long: its message may be dropped or expired, the ERP mended."""

OVERDUE = timedelta(hours=1)
"""Without a sign of life for this long after the next one was due, a message is taken for lost."""


class DeliveryState(StrEnum):
    WAITING = "WAITING"
    PARKED = "PARKED"
    DELIVERED = "DELIVERED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call. `status`: of the ERP's answer, 0 if there was none; `error`: empty if it went well."""

    at: datetime
    duration_ms: int
    status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known about one `message_id`; all times are UTC. `version` counts the changes of the record."""

    order_id: str
    message_id: str
    source: str
    about: str
    occurred_at: datetime
    version: int = 0
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()
    failing_since: datetime | None = None
    next_try_at: datetime | None = None
    announced_at: datetime | None = None
    claimed_until: datetime | None = None
    parked_at: datetime | None = None
    delivered_at: datetime | None = None
    problem: str = ""

    @property
    def state(self) -> DeliveryState:
        if self.delivered_at is not None:
            return DeliveryState.DELIVERED
        return DeliveryState.PARKED if self.parked_at is not None else DeliveryState.WAITING

    def is_claimed(self, now: datetime) -> bool:
        return self.claimed_until is not None and now < self.claimed_until

    def gives_up(self, now: datetime) -> bool:
        return self.failing_since is not None and now - self.failing_since >= GIVE_UP_AFTER

    def announced(self, now: datetime) -> Delivery:
        """Its message was sent again: a sign of life is due now."""
        return replace(self, announced_at=now)

    def begun(self, now: datetime, by_a_person: bool) -> Delivery:
        """Somebody calls now. What a person sends again begins anew; what comes by itself stays parked."""
        fresh = replace(self, parked_at=None, failing_since=None, problem="") if by_a_person else self
        return replace(fresh, claimed_until=now + CLAIM, announced_at=None)

    def succeeded(self, attempt: Attempt, now: datetime) -> Delivery:
        told = replace(self, delivered_at=now, parked_at=None, failing_since=None, problem="")
        return told._tried(attempt, None)

    def failed(self, attempt: Attempt, next_try_at: datetime | None) -> Delivery:
        """In a way that passes."""
        since = self.failing_since or attempt.at
        return replace(self, failing_since=since, problem=attempt.error)._tried(attempt, next_try_at)

    def not_called(self, problem: str, now: datetime, next_try_at: datetime) -> Delivery:
        """The ERP is left alone for now: no attempt."""
        since = self.failing_since or now
        return replace(self, failing_since=since, problem=problem, next_try_at=next_try_at, claimed_until=None)

    def parked(self, problem: str, now: datetime) -> Delivery:
        return replace(self, parked_at=self.parked_at or now, problem=problem, next_try_at=now + TRIED_AGAIN_AFTER)

    def is_due(self, subscription: Subscription, now: datetime) -> bool:
        """Whether its message must be taken for lost, or what was parked can be tried again."""
        if self.announced_at is not None:
            return now - self.announced_at >= OVERDUE
        if self.parked_at is not None:
            return subscription.changed_at > self._last_sign() or now >= (self.next_try_at or now)
        return now - (self.next_try_at or self._last_sign()) >= OVERDUE

    def _last_sign(self) -> datetime:
        signs = (self.attempts[-1].at if self.attempts else None, self.parked_at, self.delivered_at, self.occurred_at)
        return max(sign for sign in signs if sign is not None)

    def _tried(self, attempt: Attempt, next_try_at: datetime | None) -> Delivery:
        kept = (*self.attempts, attempt)[-MAX_ATTEMPTS_SHOWN:]
        return replace(self, attempts=kept, tries=self.tries + 1, next_try_at=next_try_at, claimed_until=None)


class Deliveries(Protocol):
    """The log; a record is forgotten 90 days after its last change. Raises DependencyUnavailable, Misconfigured."""

    def get(self, order_id: str, message_id: str) -> Delivery | None:
        """Strongly consistent."""
        ...

    def put(self, delivery: Delivery) -> bool:
        """Store it as the version after its own; False if somebody else has changed it meanwhile."""
        ...

    def of_order(self, order_id: str) -> Sequence[Delivery]:
        """All of the order, in the order of what they are about."""
        ...
