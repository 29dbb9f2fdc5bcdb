"""The legacy ERP of `make run`: an ERP's habits, repeatable, and a source file that fits its tables."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.adapters.memory import FixedClock
from local.legacy_erp.activity import LONGEST_TRANSACTION, Act, Transaction, working_time
from local.legacy_erp.database import SOURCE_FILE, LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from poller.source.file import load_source
from tests.support.builders import CUSTOMER, GADGET, WIDGET

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DESK = OrderDesk((CUSTOMER,), (WIDGET, GADGET))


@pytest.fixture
def erp(tmp_path: Path) -> LegacyErp:
    return LegacyErp(tmp_path / "erp.db")


def rows(erp: LegacyErp, sql: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(erp.path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def visible_after_stamp(transactions: list[Transaction]) -> list[timedelta]:
    return [t.commits_at - o.stamped_at for t in transactions if t.act is Act.ENTER for o in t.orders]


def test_it_commits_late_shares_seconds_edits_and_deletes() -> None:
    transactions = working_time(DESK, 1, 1_000, START, seed=7)
    acts = Counter(t.act for t in transactions)
    assert set(acts) == set(Act)
    assert acts[Act.ADD_LINES] == acts[Act.ENTER_WITHOUT_LINES]
    delays = visible_after_stamp(transactions)
    assert max(delays) > timedelta(seconds=60)
    assert max(delays) <= LONGEST_TRANSACTION
    seconds = Counter(o.stamped_at for t in transactions if t.act is Act.ENTER for o in t.orders)
    assert max(seconds.values()) > 5
    # A transaction with an earlier stamp becomes visible after one with a later stamp: what pollers lose rows by.
    entered = [t.orders[0].stamped_at for t in transactions if t.act is Act.ENTER]
    assert entered != sorted(entered)


def test_the_source_file_allows_for_the_longest_transaction() -> None:
    source = load_source(SOURCE_FILE).source
    assert source.cursor.overlap_s > 2 * LONGEST_TRANSACTION.total_seconds()


def test_the_same_seed_works_the_same(tmp_path: Path) -> None:
    tables = []
    for name in ("a.db", "b.db"):
        erp = LegacyErp(tmp_path / name)
        work = Work(erp, DESK, FixedClock(START), seed=3)
        work.generate(40)
        work.generate(25)
        tables.append((rows(erp, "SELECT * FROM AUFKOPF"), rows(erp, "SELECT * FROM AUFPOS")))
    assert tables[0] == tables[1]
    other = LegacyErp(tmp_path / "c.db")
    Work(other, DESK, FixedClock(START), seed=4).generate(65)
    assert rows(other, "SELECT * FROM AUFKOPF") != tables[0][0]


def test_numbers_go_on_where_they_ended(erp: LegacyErp) -> None:
    work = Work(erp, DESK, FixedClock(START))
    numbers = []
    for _ in range(2):
        numbers += [
            o.number for t in work.generate(20) if t.act in (Act.ENTER, Act.ENTER_WITHOUT_LINES) for o in t.orders
        ]
    assert sorted(numbers) == list(range(100_001, 100_041))
    # Opening the file again makes no second schema and gives no number twice.
    assert LegacyErp(erp.path).take_numbers(1) == 100_041


def test_rows_look_like_an_old_erps(erp: LegacyErp) -> None:
    Work(erp, DESK, FixedClock(START)).generate(100)
    kinds = {(type(v).__name__, len(v)) for (v,) in rows(erp, "SELECT KDNR FROM AUFKOPF")}
    assert kinds == {("str", 12)}
    cities = {city.decode("cp273").rstrip() for (city,) in rows(erp, "SELECT LORT FROM AUFKOPF")}
    assert {"München", "Köln", "Zürich"} <= cities
    (day, clock, stamp) = rows(erp, "SELECT AUFDAT, AUFZEI, AENDTS FROM AUFKOPF ORDER BY AUFNR")[0]
    assert day == 20261123
    local = datetime.strptime(f"{day}{clock:06}", "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert START - timedelta(minutes=5) <= local.astimezone(UTC) <= START
    assert len(stamp) == 14
    (newest,) = rows(erp, "SELECT max(AENDTS) FROM AUFKOPF")[0]
    now = f"{START.astimezone(ZoneInfo('Europe/Berlin')):%Y%m%d%H%M%S}"
    assert newest <= now, "nothing is stamped in the future"
    # Amounts are whole numbers: 12.50 EUR a piece is 125000.
    prices = {price for (price,) in rows(erp, "SELECT DISTINCT EPREIS FROM AUFPOS WHERE ARTNR LIKE 'WIDGET-1 %'")}
    assert 125000 in prices


def test_header_totals_are_the_sums_of_their_positions(erp: LegacyErp) -> None:
    Work(erp, DESK, FixedClock(START)).generate(200)
    rate = {"0": Decimal(0), "1": Decimal("0.19"), "2": Decimal("0.07")}
    sums: dict[str, Decimal] = {}
    for number, pieces, price, tax in rows(erp, "SELECT AUFNR, MENGE, EPREIS, MWSTKZ FROM AUFPOS"):
        gross = Decimal(pieces).scaleb(-3) * Decimal(price).scaleb(-4) * (1 + rate[tax])
        sums[number] = sums.get(number, Decimal(0)) + gross
    headers = rows(erp, "SELECT AUFNR, BRUTTO, ANZPOS FROM AUFKOPF")
    assert len(headers) == len(sums)
    assert all(abs(Decimal(total).scaleb(-2) - sums[number]) <= Decimal("0.005") for number, total, _ in headers)


class StoppingClock(FixedClock):
    """Time passes only by sleeping; after `minutes` it is enough."""

    def __init__(self, minutes: float) -> None:
        super().__init__(START)
        self.end = START + timedelta(minutes=minutes)

    def is_over(self) -> bool:
        return self.now() >= self.end


def test_it_works_at_the_pace_asked_for_and_late_commits_come_late(erp: LegacyErp) -> None:
    clock = StoppingClock(minutes=3)
    entered = Work(erp, DESK, clock).keep_working(orders_per_minute=10, stopped=clock.is_over)
    assert 27 <= entered <= 33
    # The orders of the last seconds, and late commits, are not visible yet.
    (visible,) = rows(erp, "SELECT count(*) FROM AUFKOPF")[0]
    assert entered - 15 <= visible < entered
