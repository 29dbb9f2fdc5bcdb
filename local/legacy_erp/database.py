"""The legacy ERP's SQLite file: creating it, and carrying out what its people do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from local.legacy_erp.activity import Act, Transaction
from local.legacy_erp.orders import CODES, LOCAL_TIME, ErpOrder

FIRST_NUMBER = 100_000
BUSY_TIMEOUT_S = 30
SCHEMA = Path(__file__).with_name("schema.sql")
SOURCE_FILE = Path(__file__).with_name("source.toml")


class LegacyErp:
    """One ERP in one file. Write-ahead logging, so that the poller reads while the ERP writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'AUFKOPF'").fetchone() == (0,):
                connection.executescript(SCHEMA.read_text(encoding="utf-8"))
                rows = [(t, code, name) for t, codes in CODES.items() for code, name in codes.items()]
                connection.executemany("INSERT INTO CODETAB VALUES (?, ?, ?)", rows)
                connection.execute("INSERT INTO NUMKRS VALUES ('AUFTRAG', ?)", (FIRST_NUMBER,))

    def take_numbers(self, count: int) -> int:
        """The first of `count` order numbers that are now given away."""
        with self._connected() as connection:
            connection.execute("UPDATE NUMKRS SET NUMMER = NUMMER + ? WHERE OBJEKT = 'AUFTRAG'", (count,))
            (last,) = connection.execute("SELECT NUMMER FROM NUMKRS WHERE OBJEKT = 'AUFTRAG'").fetchone()
        return int(last) - count + 1

    def carry_out(self, transaction: Transaction) -> None:
        """One transaction of the ERP, committed."""
        with self._connected() as connection:
            for order in transaction.orders:
                _STATEMENTS[transaction.act](connection, order)

    def statuses(self) -> dict[str, int]:
        """How many orders stand at each OBSTATUS (blank: nothing heard yet)."""
        with self._connected() as connection:
            rows = connection.execute("SELECT OBSTATUS, count(*) FROM AUFKOPF WHERE AUFART = 'A' GROUP BY OBSTATUS")
            return {str(status): int(count) for status, count in rows}

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S)
        try:
            with connection:
                yield connection
        finally:
            connection.close()


def _enter(connection: sqlite3.Connection, order: ErpOrder) -> None:
    _enter_header(connection, order)
    _add_lines(connection, order)


def _enter_header(connection: sqlite3.Connection, order: ErpOrder) -> None:
    row = header_row(order)
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO AUFKOPF ({columns}) VALUES ({marks})", tuple(row.values()))


def _add_lines(connection: sqlite3.Connection, order: ErpOrder) -> None:
    rows = [
        (
            order.key,
            line.number,
            f"{line.article:<18}",
            _implied(line.pieces, 3),
            _implied(line.price, 4),
            line.tax_code,
        )
        for line in order.lines
    ]
    sql = "INSERT INTO AUFPOS (AUFNR, POSNR, ARTNR, MENGE, EPREIS, MWSTKZ) VALUES (?, ?, ?, ?, ?, ?)"
    connection.executemany(sql, rows)


def _change_note(connection: sqlite3.Connection, order: ErpOrder) -> None:
    row = header_row(order)
    sql = "UPDATE AUFKOPF SET LHINWEIS = ?, AENDTS = ? WHERE AUFNR = ?"
    connection.execute(sql, (row["LHINWEIS"], row["AENDTS"], order.key))


def _change_quantity(connection: sqlite3.Connection, order: ErpOrder) -> None:
    row = header_row(order)
    sql = "UPDATE AUFKOPF SET BRUTTO = ?, AENDTS = ? WHERE AUFNR = ?"
    connection.execute(sql, (row["BRUTTO"], row["AENDTS"], order.key))
    connection.execute("DELETE FROM AUFPOS WHERE AUFNR = ?", (order.key,))
    _add_lines(connection, order)


def _mark_deleted(connection: sqlite3.Connection, order: ErpOrder) -> None:
    sql = "UPDATE AUFKOPF SET LOEKZ = 'X', AENDTS = ? WHERE AUFNR = ?"
    connection.execute(sql, (header_row(order)["AENDTS"], order.key))


def _delete(connection: sqlite3.Connection, order: ErpOrder) -> None:
    for table in ("AUFPOS", "AUFKOPF"):
        connection.execute(f"DELETE FROM {table} WHERE AUFNR = ?", (order.key,))


_STATEMENTS = {
    Act.ENTER: _enter,
    Act.ENTER_WITHOUT_LINES: _enter_header,
    Act.ADD_LINES: _add_lines,
    Act.CHANGE_NOTE: _change_note,
    Act.CHANGE_QUANTITY: _change_quantity,
    Act.MARK_DELETED: _mark_deleted,
    Act.DELETE: _delete,
}


def header_row(order: ErpOrder) -> dict[str, Any]:
    """The columns of AUFKOPF, padded and packed as its programs do."""
    ordered = _local(order.ordered_at)
    return {
        "AUFNR": order.key,
        "AUFART": order.kind,
        "KDNR": f"{order.customer:<12}",
        "AUFDAT": int(f"{ordered:%Y%m%d}"),
        "AUFZEI": int(f"{ordered:%H%M%S}"),
        "WAEHR": order.currency_code,
        "ZAHLART": order.payment_code,
        "ZTOKEN": f"{order.token:<40}",
        "BRUTTO": _implied(order.total, 2),
        "LNAME": f"{order.name:<35}",
        "LSTRASSE": f"{order.street:<35}",
        "LPLZ": f"{order.postal_code:<10}",
        "LORT": f"{order.city:<30}".encode("cp273"),
        "LLAND": f"{order.country_code:<3}",
        "LHINWEIS": f"{order.note:<60}",
        "ANZPOS": len(order.lines),
        "AENDTS": f"{_local(order.stamped_at):%Y%m%d%H%M%S}",
    }


def _local(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL_TIME)


def _implied(value: Decimal, places: int) -> int:
    """12.5 with 2 implied decimals is 1250."""
    scaled = value.scaleb(places)
    assert scaled == scaled.to_integral_value(), f"{value} has more than {places} decimals"
    return int(scaled)
