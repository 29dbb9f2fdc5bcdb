"""One poll's hold on a source: its lease, its connection, its time, and the watermark that it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import TransientError
from poller.database.clock import DatabaseClock
from poller.database.connection import ErpConnection
from poller.database.queries import Queries
from poller.errors import SchemaChanged
from poller.polling.cursors import cursor_columns
from poller.polling.process import MAX_QUARANTINED_KEYS, Processor
from poller.polling.services import PollServices
from poller.reading.mapping import Mapper
from poller.reading.reader import RawOrder, Reader
from poller.source.file import LoadedSource
from poller.source.statements import compile_statement
from poller.state.ports import Lease, Watermark

RESERVE_MS = 10_000
"""A poll does not begin a page with less time left than this, or than the longest page took, twice."""


@dataclass(slots=True)
class Deadline:
    """When to stop: the Lambda's remaining time and the source's own budget, whichever ends first."""

    services: PollServices
    remaining_ms: Callable[[], int]
    ends_at: datetime
    longest_page_s: float = 0.0
    page_began_at: datetime | None = None

    def page_begins(self) -> bool:
        """Whether there is time for one more page."""
        now = self.services.clock.now()
        if self.page_began_at is not None:
            self.longest_page_s = max(self.longest_page_s, (now - self.page_began_at).total_seconds())
        self.page_began_at = now
        needed_ms = max(RESERVE_MS, 2000 * self.longest_page_s)
        return now < self.ends_at and self.remaining_ms() >= needed_ms


@dataclass(slots=True)
class Session:
    """Everything that the ways of reading (passes, snapshots, quarantine) share within one poll."""

    loaded: LoadedSource
    services: PollServices
    lease: Lease
    deadline: Deadline
    reader: Reader
    ticker: DatabaseClock
    process: Processor
    watermark: Watermark

    @property
    def name(self) -> str:
        return self.loaded.source.name

    def save(self, watermark: Watermark, history: bool = False) -> None:
        """Move the watermark, and keep the lease alive. Raises LeaseLost."""
        now = self.services.clock.now()
        self.services.watermarks.save(self.lease, watermark, now, history)
        self.watermark = watermark
        length = timedelta(seconds=self.loaded.source.paging.lease_s)
        if self.lease.expires_at - now < length * 2 / 3:
            self.lease = self.services.watermarks.renew(self.lease, now, length)

    def check_types(self) -> None:
        """Compare the columns' types with those of the last poll. Raises SchemaChanged; the watermark stays."""
        known, seen = self.watermark.types, self.reader.types
        if self.watermark.fingerprint == self.loaded.fingerprint:
            for column, kind in seen.items():
                if kind and known.get(column, kind) != kind:
                    raise SchemaChanged(
                        self.name,
                        f"column {column} was of type {known[column]} and is now {kind}: adapt the source file (any"
                        " change of it accepts the new types)",
                    )

    def acknowledge(self, orders: Sequence[RawOrder]) -> None:
        """Mode status-flag with `cursor.acknowledge`: tell the ERP at once that these rows are taken."""
        text = self.loaded.source.cursor.acknowledge
        if text is None or not orders:
            return
        statement = compile_statement(text)
        names = (*self.loaded.source.orders.key, *self.reader.queries.header_columns)
        connection = self.services.connect_writable(self.loaded.source)
        try:
            for order in orders:
                values = dict(zip(names, (*order.key, *order.header), strict=True))
                connection.execute(statement.sql, statement.bind(values))
            connection.commit()
        finally:
            connection.close()


def open_session(loaded: LoadedSource, services: PollServices, lease: Lease, deadline: Deadline) -> Session:
    """Connect (or reuse the warm connection) and prepare reading. Raises as connection.connect and load()."""
    source = loaded.source
    memory = services.memory_of(source.name)
    if memory.fingerprint != loaded.fingerprint and memory.connection is not None:
        memory.connection.close()
        memory.connection = None
    memory.fingerprint = loaded.fingerprint
    connection = warm_connection(loaded, services)
    queries = Queries(source, cursor_columns(source))
    return Session(
        loaded,
        services,
        lease,
        deadline,
        Reader(connection, queries, {}),
        DatabaseClock(connection, source, services.clock.now()),
        Processor(loaded, Mapper(source, queries), services, _quarantined(services, source.name)),
        services.watermarks.load(source.name),
    )


def _quarantined(services: PollServices, source: str) -> dict[str, tuple[str, str]]:
    """Without the rows themselves, which may be large."""
    found: dict[str, tuple[str, str]] = {}
    after = ""
    while len(found) < MAX_QUARANTINED_KEYS:
        entries = services.findings.quarantined(source, 200, after)
        if not entries:
            break
        found.update((entry.key, (entry.row_hash, entry.fingerprint)) for entry in entries)
        after = entries[-1].key
    return found


def warm_connection(loaded: LoadedSource, services: PollServices) -> ErpConnection:
    """The connection of the last poll if it still answers, or a new one."""
    memory = services.memory_of(loaded.source.name)
    if memory.connection is not None:
        try:
            DatabaseClock(memory.connection, loaded.source, services.clock.now(), sees_transactions=False)()
        except TransientError:
            memory.connection.close()
            memory.connection = None
    if memory.connection is None:
        memory.connection = services.connect(loaded.source)
    return memory.connection
