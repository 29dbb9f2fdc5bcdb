"""dry-run: what a poll would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chalicelib.domain.events import OrderRejected
from chalicelib.domain.order import order_id
from tests.support.domain.histories import REJECTION
from tests.support.poller.onboarding import DESK, Bench, bench

__all__ = ["bench"]


def test_dry_run_tells_what_would_happen_and_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=200))
    bench.work.generate(60)
    code, text = bench.command("dry-run", "legacy-erp")
    assert code == 0
    assert "would accept 0000100" in text
    assert "would quarantine" in text
    assert list(bench.events.order_ids()) == []
    assert bench.services.watermarks.load("legacy-erp").floor is None
    assert bench.services.findings.quarantined("legacy-erp", 10) == []
    report = bench.poll()
    assert f"would accept {report.counts.accepted}" in text, "the poll does what the dry run said"
    code, text = bench.command("dry-run", "legacy-erp", "--all")
    assert f"would accept 0, accepted before {report.counts.accepted}" in text


def test_dry_run_shows_rows_that_changed_since(bench: Bench) -> None:
    bench.work.generate(20)
    bench.poll()
    (number,) = bench.sql("SELECT max(AUFNR) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    bench.sql("UPDATE AUFKOPF SET BRUTTO = BRUTTO + 1 WHERE AUFNR = ?", number)
    assert f"changed since it was accepted: {number}: total" in bench.command("dry-run", "legacy-erp")[1]


def test_dry_run_tells_which_closed_orders_would_come_again(bench: Bench) -> None:
    bench.work.generate(20)
    bench.poll()
    (number,) = bench.sql("SELECT max(AUFNR) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    repository = bench.stores.repository
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        repository.append(repository.load(order_id("legacy-erp", number)), event)
    assert "would accept 0, " in bench.command("dry-run", "legacy-erp", "--all")[1]
    bench.sql("UPDATE AUFKOPF SET BRUTTO = BRUTTO + 1 WHERE AUFNR = ?", number)
    text = bench.command("dry-run", "legacy-erp", "--all")[1]
    assert f"would accept {number} of" in text
    assert "changed 0" in text
