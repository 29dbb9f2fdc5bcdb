"""The legacy ERP in SQLite with the application's stores in memory, as the commands of an onboarding see them."""

from __future__ import annotations

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.events.first_events import LoadedFirstEvents
from chalicelib.adapters.memory import (
    FixedClock,
    MemoryEventStore,
    MemoryProjection,
    SequentialIds,
)
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.state import fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import OrderRow
from local.legacy_erp.database import SOURCE_FILE, LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from poller.__main__ import parser
from poller.commands.context import CommandContext, Context
from poller.database.connection import connect
from poller.database.secrets import no_secrets
from poller.polling.poll import poll_source
from poller.polling.services import PollReport, PollServices
from poller.source.file import load_source
from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks
from poller.write_back.after_poll import Answers
from tests.support.builders import CUSTOMER, GADGET, WIDGET

DESK = OrderDesk((CUSTOMER,), (WIDGET, GADGET), mistakes_per_1000=0, quotations_per_1000=0)


class NoWorkflow:
    """Starts nothing, in no time: the fake that remembers every start is slow with 50,000 orders."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        return True

    def is_running(self, order_id: str, attempt: int) -> bool:
        return False


class Bench:
    """An ERP, a source file for it, and Orderbridge in memory."""

    def __init__(self, folder: Path, app: OrderDesk = DESK, toml: str = "") -> None:
        self.erp = LegacyErp(folder / "erp.db")
        self.clock = FixedClock(datetime.now(UTC))  # SQLite's own clock is the real one
        self.work = Work(self.erp, app, self.clock)
        self.file = folder / "legacy-erp.toml"
        self.file.write_text(toml or SOURCE_FILE.read_text())
        self.environ = {"LEGACY_ERP_DB": str(self.erp.path), "ORDERBRIDGE_POLLER_SOURCES": str(folder)}
        self.events, self.projection, self.outbox = MemoryEventStore(), MemoryProjection(), MemoryOutbox()
        ids = SequentialIds()
        repository = OrderRepository(self.events, self.clock, ids, "Poller")
        watermarks = MemoryWatermarks()
        self.services = PollServices(
            intake=Intake(repository, NoWorkflow()),
            watermarks=watermarks,
            findings=MemoryFindings(),
            snapshots=MemorySnapshots(watermarks),
            clock=self.clock,
            ids=ids,
            log=logging.getLogger("test"),
            connect=lambda source: connect(source, self.environ),
            connect_writable=lambda source: connect(source, self.environ, writable=True),
        )
        self.stores = CommandContext(
            self.services, self.outbox, repository, self.projection, LoadedFirstEvents(self.events)
        )
        self.answer = ""

    @property
    def answers(self) -> Answers:
        services = self.services
        stores = (self.outbox, self.stores.repository, self.clock, services.ids, services.watermarks)
        return Answers(*stores, services.log, services.connect_writable)

    def command(self, *arguments: str) -> tuple[int, str]:
        """The exit code and what was printed."""
        options = parser().parse_args(arguments)
        out = io.StringIO()
        context = Context(
            lambda: self.stores, self.environ, no_secrets, self.clock.now, out, lambda question: self.answer
        )
        return int(options.run(options, context)), out.getvalue()

    def poll(self) -> PollReport:
        report = poll_source(load_source(self.file), self.services)
        self.project()
        return report

    def project(self) -> None:
        for key in self.events.order_ids():
            self.projection.put(OrderRow.of(fold(self.events.load(key))))

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.erp.path)) as connection, connection:
            return connection.execute(statement, parameters).fetchall()

    @property
    def period(self) -> tuple[str, ...]:
        start, end = self.clock.now() - timedelta(days=1), self.clock.now() + timedelta(days=1)
        return ("--from", start.isoformat(), "--to", end.isoformat())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for memory in bench.services.memory.values():
        if memory.connection is not None:
            memory.connection.close()


def edited(bench: Bench, old: str, new: str) -> Bench:
    text = bench.file.read_text()
    assert old in text
    bench.file.write_text(text.replace(old, new))
    return bench
