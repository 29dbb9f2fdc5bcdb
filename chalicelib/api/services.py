"""What the routes work with: made by the composition root, replaced by fakes in memory in tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.batches.service import BatchService
from chalicelib.domain.order import OrderContent
from chalicelib.orders.accept import Intake
from chalicelib.orders.commands import OrderCommands
from chalicelib.orders.rehearse import Rehearsal
from chalicelib.ports import Clock, DeadLetters, EventStore, Projection
from chalicelib.ports.idempotency import IdempotencyKeys
from chalicelib.recovery.group_jobs import GroupJobs


@dataclass(frozen=True, slots=True)
class Check:
    """The state of one thing that the system depends on, such as a circuit. `detail` is for people."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    max_body_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class ApiServices:
    """`health` is asked without a token: its checks must be cheap and tell nothing private.

    `rehearse` tells what would become of an order; it stores nothing.
    """

    intake: Intake
    events: EventStore
    projection: Projection
    clock: Clock
    commands: OrderCommands
    letters: DeadLetters
    jobs: GroupJobs
    batches: BatchService
    rehearse: Callable[[OrderContent], Rehearsal]
    health: Callable[[], Sequence[Check]]
    version: str
    keys: IdempotencyKeys
    limits: Limits = field(default_factory=Limits)
