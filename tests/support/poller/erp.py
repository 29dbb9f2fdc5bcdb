"""A small ERP for poller tests, the same tables on every database, and a poller with everything else in memory."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.domain.order import order_id
from chalicelib.domain.state import Order, fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from poller.database.connection import connect
from poller.polling.poll import no_limit, poll_source
from poller.polling.services import PollReport, PollServices
from poller.source.file import LoadedSource, parse_source
from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks
from tests.support.builders import NOW

MAPPING = """
[orders]
table = "order_header"
key = ["order_no"]

[lines]
table = "order_line"
key = ["order_no"]
order_by = ["pos"]

[order]
external_id = "order_no"
ordered_at = "ordered_at"
customer_id = "customer"
currency = "currency"
total = { computed = "sum_of_lines" }
payment.method = { column = "pay", codes = "pay" }
ship_to.name = "ship_name"
ship_to.address = { constant = "Hafenstr. 12" }
ship_to.city = "city"
ship_to.postal_code = { constant = "20457" }
ship_to.country = { constant = "DE" }

[line]
line = "pos"
sku = "item"
quantity = "qty"
unit_price = "price"
tax_rate = { constant = "0.2" }

[codes.pay]
"A" = "on_account"
"""

SQLITE_TABLES = """
CREATE TABLE order_header (order_no INTEGER PRIMARY KEY, changed_at TEXT, ordered_at TEXT, customer TEXT,
  currency TEXT, pay TEXT, ship_name TEXT, city TEXT, state TEXT DEFAULT 'NEW', version INTEGER);
CREATE TABLE order_line (order_no INTEGER, pos INTEGER, item TEXT, qty NUMERIC, price NUMERIC,
  PRIMARY KEY (order_no, pos));
"""


def source_text(connection: str, cursor: str, dialect: str = "sqlite", mapping: str = MAPPING, more: str = "") -> str:
    """A whole source file. `connection` and `cursor` are the bodies of their tables; `more` stands at the top."""
    return f'name = "erp"\ndialect = "{dialect}"\n{more}\n[connection]\n{connection}\n[cursor]\n{cursor}\n{mapping}'


@dataclass
class SqliteErp:
    """The ERP's own side, in one file."""

    path: Path

    def __post_init__(self) -> None:
        self.db = sqlite3.connect(self.path)
        self.db.executescript(SQLITE_TABLES)

    def add(self, number: int, changed_at: object = "2026-11-23 10:00:00", **columns: object) -> None:
        """An order with one line; committed."""
        values: dict[str, object] = {
            "order_no": number,
            "changed_at": changed_at,
            "ordered_at": "2026-11-23 09:00:00",
            "customer": "C-1",
            "currency": "EUR",
            "pay": "A",
            "ship_name": "Nordlicht",
            "city": "Hamburg",
            "state": "NEW",
            "version": number,
        }
        line = {"pos": 1, "item": "WIDGET-1", "qty": 2, "price": 12.5}
        for name, value in columns.items():
            (line if name in line else values)[name] = value
        marks = ", ".join("?" * len(values))
        self.db.execute(f"INSERT INTO order_header ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        self.db.execute(
            "INSERT INTO order_line (order_no, pos, item, qty, price) VALUES (?, ?, ?, ?, ?)",
            (number, line["pos"], line["item"], line["qty"], line["price"]),
        )
        self.db.commit()

    def sql(self, statement: str, *parameters: object) -> None:
        self.db.execute(statement, parameters)
        self.db.commit()


@dataclass
class PollerBench:
    """A poller over memory: `clock` stands still until moved."""

    loaded: LoadedSource
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    events: MemoryEventStore = field(default_factory=MemoryEventStore)
    watermarks: MemoryWatermarks = field(default_factory=MemoryWatermarks)
    findings: MemoryFindings = field(default_factory=MemoryFindings)

    def __post_init__(self) -> None:
        self.ids = SequentialIds()
        self.workflow = MemoryWorkflowEngine()
        self.intake = Intake(OrderRepository(self.events, self.clock, self.ids, "Intake"), self.workflow)
        self.snapshots = MemorySnapshots(self.watermarks)
        self.services = self.new_process()

    def new_process(self) -> PollServices:
        """What a restarted poller has: the stored state, an empty memory."""
        return PollServices(
            intake=self.intake,
            watermarks=self.watermarks,
            findings=self.findings,
            snapshots=self.snapshots,
            clock=self.clock,
            ids=self.ids,
            log=logging.getLogger("test.poller"),
            connect=connect,
            connect_writable=lambda source: connect(source, writable=True),
        )

    def poll(self, remaining_ms: Callable[[], int] = no_limit, cold: bool = False) -> PollReport:
        services = self.new_process() if cold else self.services
        report = poll_source(self.loaded, services, remaining_ms)
        if cold:
            self.close(services)
        return report

    def close(self, services: PollServices | None = None) -> None:
        for memory in (services or self.services).memory.values():
            if memory.connection is not None:
                memory.connection.close()

    def use(self, text: str) -> None:
        """Another source file."""
        self.loaded = parse_source(text, "erp.toml")

    def numbers(self) -> list[str]:
        """External ids of all accepted orders."""
        return sorted((self.order_of(known).content.external_id for known in self.events.order_ids()), key=str)

    def order(self, external_id: object) -> Order:
        return self.order_of(order_id("erp", str(external_id)))

    def order_of(self, known: str) -> Order:
        return fold(self.events.load(known))


def bench(text: str, now: datetime = NOW) -> PollerBench:
    """A poller for a source file's text."""
    return PollerBench(parse_source(text, "erp.toml"), FixedClock(now))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
