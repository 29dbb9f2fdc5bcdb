"""Write-back: the ERP hears every outcome, in order, whatever fails in between, and the history says so once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.acknowledgements.outbox import POLLER_CHANNEL, OutboxEntry, listener
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import DependencyUnavailable, Misconfigured, Reason, TransientError
from chalicelib.domain.events import (
    ErpAcknowledged,
    Event,
    OrderConfirmed,
    OrderFailed,
    OrderRedriven,
    OrderRejected,
    RecordedEvent,
)
from chalicelib.mapping.values import Value
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Append
from poller.database.connection import connect
from poller.errors import SchemaChanged
from poller.source.file import parse_source
from poller.source.model import Source
from poller.write_back.outbox import Drained, drain
from tests.support.builders import content

SOURCE = '''
name = "sap-emea"
dialect = "sqlite"
timezone = "Europe/Berlin"
[connection]
sqlite = "{path}"
[orders]
table = "orders"
key = ["no"]
[lines]
table = "lines"
key = ["no"]
[cursor]
mode = "id"
[order]
external_id = "no"
ordered_at = "at"
customer_id = "customer"
currency = "currency"
total = "total"
payment = {{ method = "method" }}
[order.ship_to]
name = "name"
address = "address"
city = "city"
postal_code = "zip"
country = "country"
[line]
line = "line"
sku = "sku"
quantity = "quantity"
unit_price = "price"
tax_rate = "tax"
[write_back]
received = ["UPDATE orders SET status = 'R', bridge_id = :order_id WHERE no = :external_id AND status = ''"]
confirmed = [
  "UPDATE orders SET status = 'C', text = :confirmation_number WHERE no = :external_id AND status <> 'C'",
  """INSERT INTO log SELECT :external_id, :status, :occurred_at
     WHERE NOT EXISTS (SELECT 1 FROM log WHERE no = :external_id)""",
]
rejected = ["""UPDATE orders SET status = 'X', text = :reason_code || ': ' || :reason
               WHERE no = :external_id AND status <> 'X'"""]
failed = ["UPDATE orders SET status = 'F' WHERE no = :external_id AND status IN ('', 'R')"]
'''
TABLES = """
CREATE TABLE orders (no TEXT PRIMARY KEY, status TEXT NOT NULL DEFAULT '', bridge_id TEXT,
                     text TEXT CHECK (length(text) < 60));
CREATE TABLE log (no TEXT, status TEXT, at TEXT);
CREATE TABLE changes (no TEXT, status TEXT);
CREATE TRIGGER every_change AFTER UPDATE OF status ON orders
    BEGIN INSERT INTO changes VALUES (new.no, new.status); END;
"""


@dataclass
class Services:
    outbox: Any
    repository: OrderRepository
    clock: FixedClock


class Erp:
    """An ERP with orders that were polled, and what is needed to answer it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "erp.db"
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(TABLES)
        self.source: Source = parse_source(SOURCE.format(path=self.path)).source
        clock = FixedClock()
        repository = OrderRepository(MemoryEventStore(), clock, SequentialIds(), "WriteBack")
        self.services = Services(MemoryOutbox(), repository, clock)
        self.listen = listener(self.services.outbox)

    def order(self, external_id: str, *events: Event, channel: str = POLLER_CHANNEL) -> str:
        """An accepted order with these events behind it, all of them delivered by the stream."""
        repository = self.services.repository
        self.run("INSERT INTO orders (no) VALUES (?)", external_id)
        accepted = Intake(repository, MemoryWorkflowEngine()).accept(content(external_id), "correlation-1", channel)
        self.append(accepted.order_id, *events)
        return accepted.order_id

    def append(self, order_id: str, *events: Event) -> None:
        for event in events:
            self.services.clock.advance(1)
            self.services.repository.append(self.services.repository.load(order_id), event)
        self.stream(order_id)

    def stream(self, order_id: str) -> None:
        order = self.services.repository.load(order_id)
        for recorded in self.services.repository.events.load(order_id):
            self.listen(recorded, order)

    def drain(self, seconds: float = 60, services: Any = None, wrap: Callable[[Any], Any] = lambda c: c) -> Drained:
        connection = connect(self.source, writable=True)
        try:
            deadline = self.services.clock.now() + timedelta(seconds=seconds)
            return drain(self.source, wrap(connection), services or self.services, deadline)
        finally:
            connection.close()

    def run(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            return connection.execute(sql, parameters).fetchall()

    def status(self, external_id: str) -> tuple[Any, ...]:
        return self.run("SELECT status, text FROM orders WHERE no = ?", external_id)[0]

    def acknowledged(self, order_id: str) -> list[str]:
        events = [recorded.event for recorded in self.services.repository.events.load(order_id)]
        return [event.outcome for event in events if isinstance(event, ErpAcknowledged) and event.channel == "sql"]

    @property
    def waiting(self) -> Sequence[OutboxEntry]:
        entries: Sequence[OutboxEntry] = self.services.outbox.pending("sap-emea", 1_000)
        return entries


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path)


REJECTED = OrderRejected((Reason("unknown_sku", "line 1: X is not in the catalogue"),))


def test_every_outcome_reaches_its_row_in_order_and_is_acknowledged(erp: Erp) -> None:
    confirmed = erp.order("SO-1", OrderConfirmed("C-17"))
    rejected = erp.order("SO-2", REJECTED)
    failed = erp.order("SO-3", OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
    assert erp.drain() == Drained(told=6)
    assert erp.status("SO-1") == ("C", "C-17")
    assert erp.status("SO-2") == ("X", "unknown_sku: line 1: X is not in the catalogue")
    assert erp.status("SO-3") == ("F", None)
    assert erp.run("SELECT bridge_id FROM orders WHERE no = 'SO-1'") == [(confirmed,)]
    assert erp.run("SELECT status FROM changes WHERE no = 'SO-1'") == [("R",), ("C",)]
    assert erp.acknowledged(confirmed) == ["received", "confirmed"]
    assert erp.acknowledged(rejected) == ["received", "rejected"]
    assert erp.acknowledged(failed) == ["received", "failed"]
    assert erp.waiting == ()


def test_times_are_told_in_the_erps_own_zone(erp: Erp) -> None:
    erp.order("SO-1", OrderConfirmed("C-17"))
    erp.drain()
    assert erp.run("SELECT * FROM log") == [("SO-1", "CONFIRMED", "2026-11-23 11:15:01")]


def test_a_failed_order_that_is_redriven_is_told_twice(erp: Erp) -> None:
    order_id = erp.order("SO-1", OrderFailed("s", "e", "m", "f"))
    erp.drain()
    erp.append(order_id, OrderRedriven(2, "ops", "again"), OrderConfirmed("C-1"))
    erp.drain()
    assert erp.status("SO-1") == ("C", "C-1")
    assert erp.acknowledged(order_id) == ["received", "failed", "confirmed"]


def test_draining_again_and_old_stream_records_change_nothing(erp: Erp) -> None:
    order_id = erp.order("SO-1", OrderConfirmed("C-17"))
    erp.drain()
    changes = erp.run("SELECT * FROM changes")
    erp.stream(order_id)  # the stream delivers everything once more, after it was done
    assert erp.drain() == Drained(told=1, unmatched=1, skipped=1)
    assert erp.run("SELECT * FROM changes") == changes
    assert erp.run("SELECT count(*) FROM log") == [(1,)]
    assert erp.acknowledged(order_id) == ["received", "confirmed"]
    assert erp.waiting == ()


def test_an_old_outcome_never_overwrites_a_later_one(erp: Erp) -> None:
    """Two recorders with different clocks: the confirmation seems to have occurred before the acceptance."""
    order_id = erp.order("SO-1", OrderConfirmed("C-17"))
    first, second = erp.waiting
    erp.services.outbox.done(second)
    erp.services.outbox.put(replace(second, occurred_at=first.occurred_at - timedelta(hours=1)))
    assert erp.drain() == Drained(told=1, skipped=1)
    assert erp.status("SO-1")[0] == "C"
    assert erp.acknowledged(order_id) == ["confirmed"]


def test_outcomes_without_a_statement_and_pushed_orders_leave_nothing_behind(erp: Erp) -> None:
    pushed = erp.order("SO-1", OrderConfirmed("C-1"), channel="rest")
    polled = erp.order("SO-2", OrderConfirmed("C-2"))
    quiet = erp.source.model_copy(update={"write_back": erp.source.write_back.model_copy(update={"received": ()})})
    erp.source = quiet
    assert erp.drain() == Drained(told=1, skipped=1)
    assert erp.acknowledged(pushed) == []
    assert erp.acknowledged(polled) == ["confirmed"]
    assert erp.waiting == ()


def test_a_row_that_the_erp_deleted_meanwhile_is_no_error(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTED)
    erp.run("DELETE FROM orders")
    assert erp.drain() == Drained(told=2, unmatched=2)
    assert erp.acknowledged(order_id) == ["received", "rejected"]


def test_what_the_erp_refuses_is_parked_and_blocks_nobody(erp: Erp) -> None:
    refused = erp.order("SO-1", OrderRejected((Reason("long", "x" * 100),)))
    fine = erp.order("SO-2", REJECTED)
    assert erp.drain() == Drained(told=3, parked=1)
    assert erp.status("SO-1") == ("R", None)
    assert erp.status("SO-2")[0] == "X"
    ((entry, problem),) = erp.services.outbox.parked("sap-emea", 10)
    assert (entry.order_id, entry.kind, problem) == (refused, "rejected", "the ERP refuses the values: IntegrityError")
    assert erp.acknowledged(refused) == ["received"]
    assert erp.acknowledged(fine) == ["received", "rejected"]


class Down:
    """A connection to an ERP that goes away before its nth statement."""

    def __init__(self, connection: Any, after: int) -> None:
        self.connection, self.left = connection, after

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        if self.left == 0:
            raise DependencyUnavailable("ERP sap-emea", "SQLSTATE 08S01")
        self.left -= 1
        return int(self.connection.execute(sql, parameters))

    def commit(self) -> None:
        self.connection.commit()

    def end(self) -> None:
        self.connection.end()


def test_an_erp_that_is_down_gets_its_answers_later_in_order(erp: Erp) -> None:
    orders = [erp.order(f"SO-{number}", OrderConfirmed(f"C-{number}")) for number in range(5)]
    with pytest.raises(DependencyUnavailable):
        erp.drain(wrap=lambda connection: Down(connection, after=4))
    # What was told is acknowledged and gone; half an outcome was rolled back with the rest.
    assert next(entry.external_id for entry in erp.waiting) == "SO-1"
    assert erp.acknowledged(orders[0]) == ["received", "confirmed"]
    assert erp.acknowledged(orders[4]) == []
    erp.drain()
    assert {erp.status(f"SO-{number}") for number in range(5)} == {("C", f"C-{number}") for number in range(5)}
    for number, order_id in enumerate(orders):
        assert erp.run("SELECT status FROM changes WHERE no = ?", f"SO-{number}") == [("R",), ("C",)]
        assert erp.acknowledged(order_id) == ["received", "confirmed"]


@pytest.mark.parametrize("broken", ["DROP TABLE orders", "ALTER TABLE orders RENAME COLUMN status TO state"])
def test_statements_that_do_not_fit_stop_the_source_and_lose_nothing(erp: Erp, broken: str) -> None:
    erp.order("SO-1", OrderConfirmed("C-17"))
    erp.run("DROP TRIGGER every_change")
    erp.run(broken)
    with pytest.raises((SchemaChanged, Misconfigured)):
        erp.drain()
    assert len(erp.waiting) == 2


def test_a_read_only_account_is_named_as_such(erp: Erp) -> None:
    erp.order("SO-1")
    connection = connect(erp.source)
    with closing(connection), pytest.raises(Misconfigured, match="readonly"):
        drain(erp.source, connection, erp.services, erp.services.clock.now() + timedelta(seconds=60))
    assert len(erp.waiting) == 1


def test_it_stops_at_the_deadline_and_goes_on_next_time(erp: Erp) -> None:
    for number in range(3):
        erp.order(f"SO-{number}")

    class Slow(Down):
        def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
            erp.services.clock.advance(40)
            return super().execute(sql, parameters)

    assert erp.drain(seconds=60, wrap=lambda c: Slow(c, after=99)) == Drained(told=2, finished=False)
    assert erp.drain(seconds=0) == Drained(finished=False)
    assert erp.drain() == Drained(told=1)


def test_a_long_backlog_takes_several_pages(erp: Erp) -> None:
    for number in range(130):
        erp.order(f"SO-{number}", OrderConfirmed(f"C-{number}"))
    assert erp.drain() == Drained(told=260)
    assert erp.run("SELECT status, count(*) FROM orders GROUP BY status") == [("C", 130)]


class Crash(BaseException):
    """The process is gone: nothing in between may catch it."""


class Crashing:
    """Counts the calls that change something, over connection, event store and outbox; dies at the chosen one."""

    def __init__(self, at: float) -> None:
        self.at, self.calls = at, 0

    def __call__(self, call: Callable[..., Any], before: bool) -> Callable[..., Any]:
        def counted(*arguments: Any) -> Any:
            self.calls += 1
            if self.calls == self.at and before:
                raise Crash
            result = call(*arguments)
            if self.calls == self.at:
                raise Crash
            return result

        return counted


@dataclass
class CrashingOutbox:
    inner: MemoryOutbox
    crash: Crashing
    before: bool

    def pending(self, source: str, limit: int) -> Sequence[OutboxEntry]:
        return self.inner.pending(source, limit)

    def done(self, entry: OutboxEntry) -> None:
        self.crash(self.inner.done, self.before)(entry)


@dataclass
class CrashingEvents:
    inner: Any
    crash: Crashing
    before: bool

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        found: Sequence[RecordedEvent] = self.inner.load(order_id)
        return found

    def order_ids(self) -> Iterator[str]:
        yield from self.inner.order_ids()

    def append(self, append: Append) -> RecordedEvent:
        stored: RecordedEvent = self.crash(self.inner.append, self.before)(append)
        return stored


class CrashingConnection:
    def __init__(self, inner: Any, crash: Crashing, before: bool) -> None:
        self.execute = crash(inner.execute, before)
        self.commit = crash(inner.commit, before)
        self.end = inner.end


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_at_every_point_it_is_repeated_harmlessly(tmp_path: Path, before: bool) -> None:
    """2 outcomes: 3 statements, 2 commits, 2 events, 2 removals. Each run dies at another one of these nine."""
    died = 0
    for at in range(1, 20):
        folder = tmp_path / str(at)
        folder.mkdir()
        erp = Erp(folder)
        erp.source = erp.source.model_copy(
            update={"paging": erp.source.paging.model_copy(update={"accept_workers": 1})}
        )
        order_id = erp.order("SO-1", OrderConfirmed("C-17"))
        crash = Crashing(at)
        repository = replace(
            erp.services.repository, events=CrashingEvents(erp.services.repository.events, crash, before)
        )
        services = Services(CrashingOutbox(erp.services.outbox, crash, before), repository, erp.services.clock)
        try:
            erp.drain(services=services, wrap=partial(CrashingConnection, crash=crash, before=before))
        except Crash:
            died += 1
        erp.drain()
        assert erp.status("SO-1") == ("C", "C-17")
        assert erp.run("SELECT status FROM changes") == [("R",), ("C",)]
        assert erp.run("SELECT count(*) FROM log") == [(1,)]
        assert erp.acknowledged(order_id) == ["received", "confirmed"]
        assert erp.waiting == ()
    assert died == 9


def test_a_store_that_is_down_leaves_the_entry_waiting(erp: Erp) -> None:
    order_id = erp.order("SO-1")

    class NoAppends(CrashingEvents):
        def append(self, append: Append) -> RecordedEvent:
            raise DependencyUnavailable("DynamoDB (events)", "throttled")

    events = NoAppends(erp.services.repository.events, Crashing(0), before=True)
    services = Services(erp.services.outbox, replace(erp.services.repository, events=events), erp.services.clock)
    with pytest.raises(TransientError):
        erp.drain(services=services)
    assert erp.status("SO-1")[0] == "R"
    assert len(erp.waiting) == 1
    erp.drain()
    assert erp.acknowledged(order_id) == ["received"]


def test_a_number_that_cannot_be_taken_apart_is_parked(erp: Erp) -> None:
    changes = {"key_pattern": r"(?P<branch>\d+)/(?P<no>\d+)"}
    erp.source = erp.source.model_copy(update={"write_back": erp.source.write_back.model_copy(update=changes)})
    erp.order("SO-1")
    assert erp.drain() == Drained(parked=1)


def test_the_clock_of_the_deadline_is_ours_not_the_systems(erp: Erp) -> None:
    erp.order("SO-1")
    connection = connect(erp.source, writable=True)
    with closing(connection):
        past = datetime(2020, 1, 1, tzinfo=erp.services.clock.now().tzinfo)
        assert not drain(erp.source, connection, erp.services, past).finished
