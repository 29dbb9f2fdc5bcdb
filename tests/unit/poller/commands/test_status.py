"""status: what an operator has to know of each source."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from chalicelib.acknowledgements.outbox import OutboxEntry
from tests.support.poller.onboarding import DESK, Bench, bench

__all__ = ["bench"]


def test_status_shows_lag_quarantine_changes_and_answers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=200))
    assert "never read to the end" in bench.command("status")[1]
    bench.work.generate(40)
    bench.poll()
    bench.clock.advance(600)
    entry = OutboxEntry("legacy-erp", "o-1", "0000100001", "confirmed", bench.clock.now() - timedelta(hours=3), 5)
    bench.outbox.put(entry)
    code, text = bench.command("status")
    assert code == 0
    assert "read to the end 10 min ago" in text
    assert "in quarantine, for example: " in text
    assert "1 wait to be written back, the oldest for 3.0 h" in text
    bench.outbox.park(entry, "the ERP refuses the values: SQLSTATE 22001")
    code, text = bench.command("status")
    assert code == 1
    assert "1 PARKED, for example 0000100001 confirmed: the ERP refuses" in text


def test_status_shows_a_stopped_source(bench: Bench) -> None:
    bench.work.generate(5)
    bench.poll()
    bench.sql("ALTER TABLE AUFKOPF RENAME COLUMN BRUTTO TO BRUTTOWERT")
    assert bench.poll().outcome == "schema-changed"
    code, text = bench.command("status")
    assert code == 1
    assert "STOPPED" in text
    assert "BRUTTO" in text
