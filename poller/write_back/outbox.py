"""Tells an ERP what became of its orders: drains the outbox by the SQL statements of the source file.

Per entry: the statements, committed; then ErpAcknowledged; then the entry is done. A crash between any two of them
repeats from the statements on, which are idempotent; the event is appended once per outcome.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Protocol
from zoneinfo import ZoneInfo

from chalicelib.acknowledgements.outbox import KINDS, Outbox, OutboxEntry, latest_entry, outranks
from chalicelib.domain.errors import OrderbridgeError, PermanentError, TransientError
from chalicelib.domain.events import ErpAcknowledged
from chalicelib.domain.state import Order
from chalicelib.mapping.values import Value
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Clock
from poller.source.model import Source
from poller.source.statements import Statement, compile_statement

CHANNEL = "sql"
PAGE = 100
"""Entries read from the outbox at once."""

MOST_REPAIRS = 3
"""How often the latest outcome is written once more because there is a later one meanwhile."""


class Connection(Protocol):
    """What is used of a writable connection; see connection.py."""

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int: ...

    def commit(self) -> None: ...

    def end(self) -> None: ...


class Services(Protocol):
    """What is used of the poller's services."""

    @property
    def outbox(self) -> Outbox: ...

    @property
    def repository(self) -> OrderRepository: ...

    @property
    def clock(self) -> Clock: ...


@dataclass(frozen=True, slots=True)
class Drained:
    """Entries by what was done with them. `unmatched`: told, but the statements changed no row (or had before).

    `skipped`: the source has no statement for the outcome, or the ERP knows a later one.
    """

    told: int = 0
    unmatched: int = 0
    skipped: int = 0
    parked: int = 0
    finished: bool = True


def drain(source: Source, connection: Connection, services: Services, deadline: datetime) -> Drained:
    """Write back what waits for this source until nothing does, or the deadline (UTC) has come.

    Raises TransientError (the ERP or a store is down: later, in order) and PermanentError (the statements do not fit
    the ERP's tables, or lack a permission). What was told before is acknowledged in either case.
    """
    statements = {
        kind: tuple(compile_statement(sql) for sql in texts) for kind, texts in source.write_back.by_outcome.items()
    }
    done = Drained()
    with ThreadPoolExecutor(source.paging.accept_workers, thread_name_prefix="write-back") as pool:
        work = _Page(source, connection, services, statements, deadline, pool)
        while services.clock.now() < deadline:
            page = services.outbox.pending(source.name, PAGE)
            done = _sum(done, work.handle(page))
            if len(page) < PAGE or not done.finished:
                return done
    return replace(done, finished=False)


@dataclass(frozen=True, slots=True)
class _Page:
    """Statements run one after the other, on the one connection; the stores are asked by several threads."""

    source: Source
    connection: Connection
    services: Services
    statements: Mapping[str, tuple[Statement, ...]]
    deadline: datetime
    pool: ThreadPoolExecutor

    def handle(self, page: Sequence[OutboxEntry]) -> Drained:
        ids = list(dict.fromkeys(entry.order_id for entry in page))
        orders = dict(zip(ids, self.pool.map(self.services.repository.load, ids), strict=True))
        told: list[OutboxEntry] = []
        skipped: list[OutboxEntry] = []
        unmatched = parked = 0
        problem: OrderbridgeError | None = None
        for entry in page:
            if self.services.clock.now() >= self.deadline:
                break
            if entry.kind not in self.statements or _overtaken(entry, orders[entry.order_id], told):
                skipped.append(entry)
                continue
            try:
                unmatched += not self._tell(entry)
                told.append(entry)
            except (TransientError, PermanentError) as error:
                self.connection.end()
                refusal = _refusal(error)
                if refusal is None:
                    problem = error
                    break
                self._park(entry, refusal)
                parked += 1
        self._settle(orders, told, skipped)
        if problem is not None:
            raise problem
        finished = len(told) + len(skipped) + parked == len(page)
        return Drained(len(told), unmatched, len(skipped), parked, finished)

    def _tell(self, entry: OutboxEntry) -> bool:
        """Run the entry's statements, which commit together; whether any row was changed (or the driver cannot say)."""
        values = self._values(entry)
        changed = [self.connection.execute(one.sql, one.bind(values)) for one in self.statements[entry.kind]]
        self.connection.commit()
        return any(changed)

    def _values(self, entry: OutboxEntry) -> dict[str, Value]:
        """Parameters of the statements; times as text in the ERP's own zone, which every database can cast."""
        local = entry.occurred_at.astimezone(ZoneInfo(self.source.timezone))
        try:
            key = self.source.write_back.parameters_of(entry.external_id)
        except ValueError as error:
            raise _Unfit(str(error)) from error
        return {
            **key,
            "order_id": entry.order_id,
            "status": entry.kind.upper(),
            "reason_code": entry.reason_code,
            "reason": entry.reason,
            "confirmation_number": entry.confirmation_number,
            "occurred_at": f"{local:%Y-%m-%d %H:%M:%S}",
        }

    def _park(self, entry: OutboxEntry, refusal: str) -> None:
        self.services.outbox.park(entry, refusal)
        logger().error(
            "write-back refused by the ERP",
            extra={"source": entry.source, "order_id": entry.order_id, "outcome": entry.kind, "reason": refusal},
        )

    def _settle(self, orders: Mapping[str, Order], told: Sequence[OutboxEntry], skipped: Sequence[OutboxEntry]) -> None:
        """Acknowledge, repair, and only then remove: a crash in between repeats all of it."""
        groups = [list(group) for _, group in groupby(sorted(told, key=_by_order), key=lambda entry: entry.order_id)]
        was_alone = self.pool.map(lambda group: self._acknowledge(orders[group[0].order_id], group), groups)
        alone = {group[0].order_id for group, was in zip(groups, was_alone, strict=True) if was}
        doubtful = {entry.order_id for entry in (*told, *skipped) if entry.kind in self.statements} - alone
        for order_id in sorted(doubtful):
            self._tell_the_latest(order_id)
        list(self.pool.map(self.services.outbox.done, (*told, *skipped)))

    def _acknowledge(self, known: Order, entries: Sequence[OutboxEntry]) -> bool:
        """Whether nobody else has told the ERP anything about the order since the page was loaded."""
        repository = self.services.repository
        alone, expected = True, _told_by_sql(known)
        for entry in entries:

            def acknowledge(order: Order, kind: str = entry.kind, revision: int = entry.revision) -> Order:
                if kind not in order.acknowledged and revision == order.revision:
                    repository.append(order, ErpAcknowledged(CHANNEL, kind))
                return order

            order = repository.handle(entry.order_id, acknowledge)
            alone = alone and order.revision == known.revision and _told_by_sql(order) == expected
            expected = tuple(dict.fromkeys((*expected, entry.kind)))
        return alone

    def _tell_the_latest(self, order_id: str) -> None:
        """Write the order's latest outcome once more: somebody may have written an earlier one over it.

        A poller that stood still goes on when its lease is over, and an ERP knows no leases: repair takes the place of
        a fence. The statements are idempotent; the ERP's refusal is known from the entry itself.
        """
        written = -1
        for _ in range(MOST_REPAIRS):
            latest = latest_entry(self.services.repository.events.load(order_id))
            if latest is None or latest.version == written or latest.kind not in self.statements:
                return
            try:
                self._tell(latest)
            except (TransientError, PermanentError) as error:
                self.connection.end()
                if _refusal(error) is None:
                    raise
                return
            written = latest.version


class _Unfit(PermanentError):
    """The order's number cannot be taken apart as the source file says."""


def _overtaken(entry: OutboxEntry, order: Order, told: Iterable[OutboxEntry]) -> bool:
    """Whether the ERP knows something later already: clocks of recorders differ, and streams deliver again.

    Of an order that begins anew, the outcome before is no news any more.
    """
    if entry.revision < order.revision:
        return True
    known = (*order.acknowledged, *(other.kind for other in told if other.order_id == entry.order_id))
    return any(outranks(kind, entry.kind) for kind in known)


def _refusal(error: OrderbridgeError) -> str | None:
    """Why the ERP will never take this very entry: its values, not the connection or the statement. Else None."""
    if isinstance(error, _Unfit):
        return str(error)
    cause = error.__cause__
    if isinstance(cause, sqlite3.IntegrityError | sqlite3.DataError):
        return f"the ERP refuses the values: {type(cause).__name__}"
    state = str(cause.args[0]) if cause is not None and cause.args else ""
    # SQLSTATE 22: a value does not fit its column; 23: a constraint; 44, 45, P0001: a view or a trigger says no.
    if state[:2] in ("22", "23", "44", "45") or state == "P0001":
        return f"the ERP refuses the values: SQLSTATE {state}"
    return None


def _told_by_sql(order: Order) -> tuple[str, ...]:
    return tuple(kind for kind in order.acknowledged if kind in KINDS)


def _by_order(entry: OutboxEntry) -> tuple[str, int]:
    return entry.order_id, entry.version


def _sum(one: Drained, other: Drained) -> Drained:
    return Drained(
        one.told + other.told,
        one.unmatched + other.unmatched,
        one.skipped + other.skipped,
        one.parked + other.parked,
        other.finished,
    )
