"""Write-back when the ERP refuses, is away or does not fit, or the poller is killed: nothing is lost or told twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chalicelib.acknowledgements.outbox import OutboxEntry
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import DependencyUnavailable, Misconfigured, Reason, TransientError
from chalicelib.domain.events import (
    OrderConfirmed,
    OrderRejected,
    RecordedEvent,
)
from chalicelib.mapping.values import Value
from chalicelib.ports import Append
from poller.database.connection import connect
from poller.errors import SchemaChanged
from poller.write_back.outbox import Drained, drain
from tests.support.poller.answered_erp import REJECTED, Erp, Services, erp

__all__ = ["erp"]


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
