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

from chalicelib.acknowledgements.outbox import Outbox, OutboxEntry, outranks
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
        self._settle(told, skipped)
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

    def _settle(self, told: Iterable[OutboxEntry], skipped: Iterable[OutboxEntry]) -> None:
        """Acknowledge and remove; entries of one order stay in sequence."""
        groups = [list(group) for _, group in groupby(sorted(told, key=_by_order), key=lambda entry: entry.order_id)]
        list(self.pool.map(self._acknowledge, groups))
        list(self.pool.map(self.services.outbox.done, skipped))

    def _acknowledge(self, entries: Sequence[OutboxEntry]) -> None:
        repository = self.services.repository
        for entry in entries:

            def acknowledge(order: Order, kind: str = entry.kind, revision: int = entry.revision) -> None:
                if kind not in order.acknowledged and revision == order.revision:
                    repository.append(order, ErpAcknowledged(CHANNEL, kind))

            repository.handle(entry.order_id, acknowledge)
            self.services.outbox.done(entry)


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
