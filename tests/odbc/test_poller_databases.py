"""The poller on PostgreSQL, MariaDB and SQLite over their ODBC drivers: types, text, times, paging, every mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from poller.database.connection import connect
from tests.support.databases import SERVERS, Server
from tests.support.poller.erp import MAPPING, PollerBench, bench, source_text

pytestmark = pytest.mark.odbc

TABLES = {
    "postgresql": (
        "CREATE TABLE order_header (order_no char(10) PRIMARY KEY, changed_at timestamp(6), ordered_at timestamp,"
        " customer char(12), currency char(3), pay char(2), ship_name varchar(80), city text, state varchar(8),"
        " version bigint)",
        "CREATE TABLE order_line (order_no char(10), pos integer, item char(20), qty numeric(38,10),"
        " price numeric(38,10), PRIMARY KEY (order_no, pos))",
    ),
    "mariadb": (
        "CREATE TABLE order_header (order_no char(10) PRIMARY KEY, changed_at datetime(6), ordered_at datetime,"
        " customer char(12), currency char(3), pay char(2), ship_name varchar(80) CHARACTER SET latin1,"
        " city varchar(80) CHARACTER SET utf16, state varchar(8), version bigint)",
        "CREATE TABLE order_line (order_no char(10), pos integer, item char(20), qty decimal(38,10),"
        " price decimal(38,10), PRIMARY KEY (order_no, pos))",
    ),
    "sqlite": (
        "CREATE TABLE order_header (order_no char(10) PRIMARY KEY, changed_at text, ordered_at text,"
        " customer char(12), currency char(3), pay char(2), ship_name varchar(80), city text, state varchar(8),"
        " version bigint)",
        "CREATE TABLE order_line (order_no char(10), pos integer, item char(20), qty text, price text,"
        " PRIMARY KEY (order_no, pos))",
    ),
}


@dataclass
class Erp:
    """One ERP database, seen from its own side."""

    server: Server
    db: Any

    def add(self, number: str, changed_at: str | None, **columns: object) -> None:
        header: dict[str, object] = {
            "order_no": number, "changed_at": changed_at, "ordered_at": "2026-11-23 09:00:00", "customer": "C-1",
            "currency": "EUR", "pay": "A", "ship_name": "Nordlicht", "city": "Hamburg", "state": "NEW", "version": 1,
        }  # fmt: skip
        line: dict[str, object] = {
            "order_no": number,
            "pos": 1,
            "item": "WIDGET-1",
            "qty": "2.0000000000",
            "price": "12.5000000000",
        }
        for name, value in columns.items():
            (line if name in line else header)[name] = value
        for table, row in (("order_header", header), ("order_line", line)):
            marks = ", ".join("?" * len(row))
            self.sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def sql(self, statement: str, *parameters: object) -> None:
        self.db.cursor().execute(statement, parameters)

    def poller(self, cursor: str, more: str = "", mapping: str = MAPPING) -> PollerBench:
        paging = "[paging]\npage_rows = 3\naccept_workers = 1\n"
        odbc = f"odbc = '{self.server.odbc}'"
        return bench(source_text(odbc, cursor, self.server.dialect, mapping, more) + paging)


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def erp(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Erp]:
    dialect: str = request.param
    if dialect == "sqlite":
        server = Server("sqlite", f"Driver={{SQLite3}};Database={tmp_path / 'erp.db'}", 0)
    else:
        server = SERVERS[dialect]()
    server.script(*TABLES[dialect])
    made = Erp(server, server.connect())
    yield made
    made.db.close()
    server.script("DROP TABLE order_line", "DROP TABLE order_header")


TIMESTAMP = 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"\noverlap_s = 300'
MODES = {
    "timestamp+id": TIMESTAMP,
    "status-flag": 'mode = "status-flag"\ncolumn = "state"\nstates = ["NEW"]',
    "snapshot": 'mode = "snapshot"',
    "id": 'mode = "id"\noverlap_s = 60',
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_pages_through_padded_char_keys(erp: Erp, mode: str) -> None:
    for number in range(11):
        erp.add(f"A{number:02}", "2026-11-01 10:00:00.123456")
    poller = erp.poller(MODES[mode])
    report = poller.poll()
    assert (report.outcome, report.counts.accepted) == ("finished", 11), report
    assert poller.numbers() == [f"A{number:02}" for number in range(11)]
    erp.add("B01", "2026-11-01 10:00:00.123457")
    report = poller.poll()
    assert (report.counts.accepted, report.counts.replayed) == (1, 0), report
    poller.close()


def test_values_arrive_exactly(erp: Erp) -> None:
    """CHAR padding, DECIMAL(38,10), Latin-1 and UTF-16 columns, text outside Latin-1."""
    city = "Łódź 東京" if erp.server.dialect != "sqlite" else "Łódź"
    erp.add(
        "A1",
        "2026-11-01 10:00:00",
        qty="3.0000000000",
        price="1234567.1234560000",
        ship_name="Müller & Söhne ß",
        city=city,
    )
    poller = erp.poller(TIMESTAMP)
    report = poller.poll()
    assert report.counts.accepted == 1, poller.findings.quarantined("erp", 5)
    content = poller.order("A1").content
    assert (content.customer_id, content.lines[0].sku) == ("C-1", "WIDGET-1")
    assert (str(content.lines[0].unit_price), content.lines[0].quantity) == ("1234567.123456", 3)
    assert (content.ship_to.name, content.ship_to.city) == ("Müller & Söhne ß", city)
    poller.close()


def test_nulls_are_named_and_hold_up_nothing(erp: Erp) -> None:
    erp.add("A1", "2026-11-01 10:00:00", customer=None)
    erp.add("A2", None)
    erp.add("A3", "2026-11-01 10:00:00", price=None)
    erp.add("A4", "2026-11-01 10:00:00")
    poller = erp.poller(TIMESTAMP)
    counts = poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (2, 2)
    reasons = [entry.reasons[0] for entry in poller.findings.quarantined("erp", 10)]
    assert reasons[0].startswith("customer_id (column customer): is empty")
    assert "column price" in reasons[1]
    poller.close()


def test_naive_local_times_and_the_change_to_winter_time(erp: Erp) -> None:
    erp.add("A1", "2026-10-25 01:59:59", ordered_at="2026-10-25 02:30:00")  # happens twice: the earlier
    erp.add("A2", "2026-10-25 02:10:00", ordered_at="2026-03-29 02:30:00")  # does not exist
    erp.add("A3", "2026-10-25 02:10:00", ordered_at="2026-07-01 12:00:00")
    poller = erp.poller(TIMESTAMP.replace('"utc"', '"source"'), more='timezone = "Europe/Berlin"')
    counts = poller.poll().counts
    assert (counts.accepted, counts.quarantined) == (2, 1)
    assert poller.order("A1").content.ordered_at.isoformat() == "2026-10-25T00:30:00+00:00"
    assert poller.order("A3").content.ordered_at.isoformat() == "2026-07-01T10:00:00+00:00"
    assert "does not exist" in poller.findings.quarantined("erp", 1)[0].reasons[0]
    poller.close()


def test_fractions_of_a_second_are_not_rounded(erp: Erp) -> None:
    """Stamps that differ in the last digit the column holds, across page boundaries. SQLite's text holds seven."""
    digits = 7 if erp.server.dialect == "sqlite" else 6
    for number in range(9):
        erp.add(f"A{number}", f"2026-11-01 10:00:00.{number + 1:0{digits}}")
    poller = erp.poller(TIMESTAMP)
    assert poller.poll().counts.accepted == 9
    report = poller.poll(cold=True)
    assert report.counts.read == 0, "the watermark stands exactly on the last row"
    floor = poller.watermarks.load("erp").floor
    assert floor is not None
    assert floor.position[0] == f"2026-11-01 10:00:00.{9:0{digits}}"
    poller.close()


def test_a_missing_column_stops_the_source_and_moves_no_watermark(erp: Erp) -> None:
    erp.add("A1", "2026-11-01 10:00:00")
    poller = erp.poller(TIMESTAMP)
    poller.poll()
    before = poller.watermarks.load("erp")
    poller.close()
    erp.add("A2", "2026-11-01 11:00:00")
    erp.sql("ALTER TABLE order_header RENAME COLUMN customer TO client")
    report = poller.poll(cold=True)
    assert report.outcome == "schema-changed"
    assert "customer" in report.detail
    after = poller.watermarks.load("erp")
    assert (after.floor, after.position) == (before.floor, before.position)
    assert after.stopped == report.detail
    erp.sql("ALTER TABLE order_header RENAME COLUMN client TO customer")
    assert poller.poll(cold=True).counts.accepted == 1


@pytest.mark.parametrize("erp", ["postgresql", "mariadb"], indirect=True)
def test_a_column_of_another_type_stops_the_source(erp: Erp) -> None:
    """Not on SQLite, whose columns have no type of their own."""
    erp.add("A1", "2026-11-01 10:00:00")
    poller = erp.poller(TIMESTAMP)
    poller.poll()
    poller.close()
    change = {
        "postgresql": "ALTER TABLE order_header ALTER COLUMN ordered_at TYPE varchar(40)",
        "mariadb": "ALTER TABLE order_header MODIFY ordered_at varchar(40)",
    }
    erp.sql(change[erp.server.dialect])
    erp.add("A2", "2026-11-01 11:00:00")
    report = poller.poll(cold=True)
    assert (report.outcome, report.counts.accepted) == ("schema-changed", 0)
    assert "ordered_at" in report.detail


def test_the_session_cannot_write(erp: Erp) -> None:
    from chalicelib.domain.errors import OrderbridgeError

    connection = connect(erp.poller(TIMESTAMP).loaded.source)
    with pytest.raises(OrderbridgeError):
        connection.execute("DELETE FROM order_line")
    connection.close()
    writable = connect(erp.poller(TIMESTAMP).loaded.source, writable=True)
    assert writable.execute("DELETE FROM order_line") == 0
    writable.commit()
    writable.close()


@pytest.mark.parametrize("erp", ["postgresql", "mariadb"], indirect=True)
def test_lines_and_headers_of_a_page_are_of_one_moment(erp: Erp) -> None:
    """An edit between the two statements of a page must not mix two versions of an order.

    Not on SQLite: while somebody reads a file in rollback mode, nobody can write it.
    """
    from poller.database.queries import Queries
    from poller.polling.cursors import cursor_columns, cursor_mode
    from poller.reading.reader import Reader

    erp.add("A1", "2026-11-01 10:00:00")
    source = erp.poller(TIMESTAMP).loaded.source
    reader = Reader(connect(source), Queries(source, cursor_columns(source)), {})
    page = reader.headers(cursor_mode(source).select, None, 10)
    erp.sql("UPDATE order_line SET qty = 7")
    (order,) = reader.with_lines(page.orders)
    assert Decimal(2) in order.lines[0]
    reader.end()
    (order,) = reader.with_lines(page.orders)
    assert Decimal(7) in order.lines[0]
    reader.connection.close()
