"""reconcile: the orders of the ERP against ours."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from chalicelib.domain.events import OrderRejected
from chalicelib.domain.order import order_id
from poller.reconciliation import ERP_PAGE, OUR_PAGE
from tests.support.domain.histories import REJECTION
from tests.support.poller.onboarding import Bench, bench

__all__ = ["bench"]


def test_reconcile_names_missing_extra_different_and_unmappable_orders_with_their_stage(bench: Bench) -> None:
    bench.work.generate(60)
    live = [n for (n,) in bench.sql("SELECT AUFNR FROM AUFKOPF WHERE LOEKZ = ' ' ORDER BY AUFNR")]
    deleted, changed, broken, late, fresh = live[:5]
    bench.sql("UPDATE AUFKOPF SET LOEKZ = 'X' WHERE AUFNR IN (?, ?)", late, fresh)
    bench.poll()
    assert bench.command("reconcile", "legacy-erp", *bench.period)[0] == 0
    bench.sql("DELETE FROM AUFKOPF WHERE AUFNR = ?", deleted)
    bench.sql("UPDATE AUFPOS SET MENGE = MENGE + 1000 WHERE AUFNR = ?", changed)
    bench.sql("UPDATE AUFKOPF SET WAEHR = '99' WHERE AUFNR = ?", broken)
    bench.sql("UPDATE AUFKOPF SET LOEKZ = ' ' WHERE AUFNR IN (?, ?)", late, fresh)
    bench.sql("UPDATE AUFKOPF SET AENDTS = '20260101000000' WHERE AUFNR = ?", late)
    code, text = bench.command("reconcile", "legacy-erp", *bench.period)
    assert code == 1
    *findings, summary = text.splitlines()
    found = {line.split()[1]: line for line in findings}
    assert len(findings) == len(found) == 5
    assert found[deleted].startswith(f"extra      {deleted} ({order_id('legacy-erp', deleted)}) RECEIVED: accepted")
    assert found[changed].startswith("different  ")
    assert "RECEIVED: lines[" in found[changed]
    assert found[broken].startswith("unmappable ")
    assert "column WAEHR" in found[broken]
    assert found[late].startswith("missing    ")
    assert "passed over: it became visible too late; backfill it" in found[late]
    assert found[fresh].endswith("not read yet")
    assert summary.endswith("here: 1 different, 1 extra, 2 missing, 1 unmappable")
    # The advice works: what was passed over is backfilled, the rest is read by the next poll.
    assert bench.command("backfill", "legacy-erp", "--key", late)[0] == 0
    bench.poll()
    assert "missing" not in bench.command("reconcile", "legacy-erp", *bench.period)[1]


def test_an_order_that_was_corrected_on_both_sides_agrees(bench: Bench) -> None:
    """What counts is the latest revision, not what was accepted first."""
    bench.work.generate(5)
    bench.poll()
    (number,) = bench.sql("SELECT max(AUFNR) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    repository, key = bench.stores.repository, order_id("legacy-erp", number)
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        repository.append(repository.load(key), event)
    bench.sql("UPDATE AUFPOS SET MENGE = MENGE + 1000 WHERE AUFNR = ?", number)
    assert bench.command("reconcile", "legacy-erp", *bench.period)[0] == 1
    assert bench.command("backfill", "legacy-erp", "--key", number)[0] == 0
    assert repository.load(key).revision == 2
    assert bench.command("reconcile", "legacy-erp", *bench.period)[0] == 0


def test_reconcile_looks_at_its_period_only(bench: Bench) -> None:
    bench.work.generate(20)
    bench.poll()
    bench.work.generate(20)
    code, text = bench.command("reconcile", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-02")
    assert (code, text.strip()) == (0, "0 orders in the ERP, 0 here: both sides agree")


@pytest.mark.parametrize("count", [6_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_reconcile_finds_7_removed_and_3_changed(tmp_path: Path, count: int) -> None:
    """Acceptance: 50,000 on SQLite with the stores in memory; 6,000 are several pages of either side, too.

    How long it takes is measured by the bench, not here.
    """
    bench = Bench(tmp_path)
    fill(bench, count)
    assert bench.poll().counts.accepted == count
    half = count // 2
    removed = [f"{number:010}" for number in (1, OUR_PAGE - 1, OUR_PAGE, half, half + 1, count - 1, count)]
    changed = [f"{number:010}" for number in (2, ERP_PAGE, count - 500)]
    for number in removed:
        bench.sql("DELETE FROM AUFKOPF WHERE AUFNR = ?", number)
    for number in changed:
        bench.sql("UPDATE AUFKOPF SET LNAME = 'Somebody else' WHERE AUFNR = ?", number)
    report = tmp_path / "report.csv"
    code, text = bench.command("reconcile", "legacy-erp", *bench.period, "--csv", str(report))
    assert code == 1
    assert text.splitlines()[-1] == f"{count - 7} orders in the ERP, {count} here: 3 different, 7 extra"
    found = [line.split(",")[:2] for line in report.read_text().splitlines()[1:]]
    assert sorted(found) == sorted([["extra", n] for n in removed] + [["different", n] for n in changed])
    assert "Somebody" not in report.read_text()


def fill(bench: Bench, count: int) -> None:
    """Plain orders in bulk, all alike."""
    token, city = f"{'pm_card_visa':<40}", "Köln".encode("cp273")
    header = (int(f"{bench.clock.now():%Y%m%d}"), token, city)
    keys = [f"{number:010}" for number in range(1, count + 1)]
    with closing(sqlite3.connect(bench.erp.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO AUFKOPF (AUFNR, AUFART, KDNR, AUFDAT, AUFZEI, WAEHR, ZAHLART, ZTOKEN, BRUTTO, LNAME, LSTRASSE,"
            " LPLZ, LORT, LLAND, ANZPOS, AENDTS) VALUES (?, 'A', 'C-1001', ?, 1, '01', 'KK', ?, 1250, 'Nordlicht',"
            " 'Hafen 1', '50667', ?, 'D', 1, '20260101120000')",
            ((key, *header) for key in keys),
        )
        connection.executemany(
            "INSERT INTO AUFPOS (AUFNR, POSNR, ARTNR, MENGE, EPREIS, MWSTKZ)"
            " VALUES (?, 10, 'WIDGET-1', 1000, 125000, '0')",
            ((key,) for key in keys),
        )
