"""An ERP with orders that were polled, which is told what became of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.acknowledgements.outbox import POLLER_CHANNEL, OutboxEntry, listener
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryWorkflowEngine, SequentialIds
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import Reason
from chalicelib.domain.events import (
    ErpAcknowledged,
    Event,
    OrderRejected,
)
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from poller.database.connection import connect
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
