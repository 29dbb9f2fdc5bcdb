"""backfill: a period or single orders, without the cursor."""

from __future__ import annotations

from chalicelib.domain.events import OrderConfirmed, OrderRejected
from tests.support.domain.histories import REJECTION
from tests.support.poller.onboarding import Bench, bench

__all__ = ["bench"]


def test_backfill_accepts_a_period_without_touching_the_cursor(bench: Bench) -> None:
    bench.work.generate(40)
    (count,) = bench.sql("SELECT count(*) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    bench.command("reset", "legacy-erp", "--to", "now", "--yes")
    bench.sql("UPDATE AUFKOPF SET AUFDAT = 20260102 WHERE AUFNR <= '0000100010'")
    before = bench.services.watermarks.load("legacy-erp")
    code, text = bench.command("backfill", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-03")
    (old,) = bench.sql("SELECT count(*) FROM AUFKOPF WHERE LOEKZ = ' ' AND AUFDAT = 20260102")[0]
    assert code == 0
    assert f"read {count}, accepted {old}, accepted before 0" in text
    assert f"outside the period {count - old}" in text
    assert len(list(bench.events.order_ids())) == old
    assert bench.services.watermarks.load("legacy-erp") == before
    code, text = bench.command("backfill", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-03")
    assert f"accepted 0, accepted before {old}" in text


def test_backfill_of_single_keys(bench: Bench) -> None:
    bench.work.generate(5)
    code, _text = bench.command("backfill", "legacy-erp", "--key", "0000100001", "--key", "0000100002")
    assert (code, len(list(bench.events.order_ids()))) == (0, 2)
    assert bench.command("backfill", "legacy-erp")[0] == 2
    assert bench.command("backfill", "legacy-erp", "--key", "4711")[0] == 1


def test_backfill_brings_rejected_orders_anew_though_their_rows_are_as_they_were(bench: Bench) -> None:
    """A person asks for them, when the master data are mended."""
    bench.work.generate(3)
    bench.poll()
    rejected, confirmed = sorted(bench.events.order_ids())[:2]
    repository = bench.stores.repository
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        repository.append(repository.load(rejected), event)
    repository.append(repository.load(confirmed), OrderConfirmed("OB-1"))
    code, text = bench.command("backfill", "legacy-erp", *bench.period)
    assert code == 0
    assert "accepted 1, accepted before " in text
    assert [repository.load(one).revision for one in (rejected, confirmed)] == [2, 1]
