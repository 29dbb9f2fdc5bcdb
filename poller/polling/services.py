"""What a poll needs from the outside, in one object, and what it reports."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from chalicelib.domain.order import OrderContent
from chalicelib.orders.accept import Accepted
from chalicelib.orders.again import ASKED, Terms
from chalicelib.ports import Clock, Ids
from poller.database.connection import ErpConnection
from poller.polling.breaker import Breaker
from poller.polling.seen_rows import RecentRows
from poller.source.file import LoadedSource
from poller.source.model import Source
from poller.state.ports import Findings, Snapshots, Watermarks

PollOutcome = Literal[
    "finished",  # read to the end
    "stopped",  # time is up; goes on where it stopped
    "settling",  # mode id, first pass over a large table: waits until its last ids are settled
    "disabled",
    "blackout",
    "busy",  # another poller has the source
    "circuit-open",
    "lease-lost",
    "unavailable",  # the ERP
    "intake-unavailable",
    "schema-changed",
    "misconfigured",
]
FAILED: frozenset[PollOutcome] = frozenset({"unavailable", "intake-unavailable", "schema-changed", "misconfigured"})


class Accepts(Protocol):
    """chalicelib.orders.accept.Intake, or a stand-in for dry runs."""

    def accept(
        self, content: OrderContent, correlation_id: str, channel: str = "rest", terms: Terms = ASKED
    ) -> Accepted: ...


@dataclass(slots=True)
class PollCounts:
    """Rows of one poll. `skipped`: seen before and unchanged; `replayed`: accepted before, recognised by accept()."""

    read: int = 0
    accepted: int = 0
    replayed: int = 0
    skipped: int = 0
    quarantined: int = 0
    changed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll of one source did. `detail` says what went wrong; it holds no data of orders."""

    source: str
    outcome: PollOutcome
    counts: PollCounts
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.outcome in FAILED


@dataclass(slots=True)
class Memory:
    """What a warm process keeps per source between polls; losing it costs time, never an order."""

    recent: RecentRows = field(default_factory=RecentRows)
    breaker: Breaker = field(default_factory=Breaker)
    connection: ErpConnection | None = None
    fingerprint: str = ""
    retried_up_to: str = ""
    last_poll: datetime | None = None


@dataclass(frozen=True, slots=True)
class PollServices:
    """`connect` opens a session for reading; `connect_writable` one for `cursor.acknowledge`. `answer` writes back."""

    intake: Accepts
    watermarks: Watermarks
    findings: Findings
    snapshots: Snapshots
    clock: Clock
    ids: Ids
    log: logging.Logger
    connect: Callable[[Source], ErpConnection]
    connect_writable: Callable[[Source], ErpConnection]
    memory: dict[str, Memory] = field(default_factory=dict)
    answer: Callable[[LoadedSource, Callable[[], int]], object] | None = None

    def memory_of(self, source: str) -> Memory:
        return self.memory.setdefault(source, Memory())
