"""reset: moving a watermark, and taking that back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.domain.errors import Misconfigured
from tests.support.poller.onboarding import Bench, bench

__all__ = ["bench"]


def test_reset_asks_moves_the_watermark_and_can_be_undone(bench: Bench) -> None:
    bench.work.generate(30)
    bench.poll()
    before = bench.services.watermarks.load("legacy-erp")
    bench.answer = "no"
    assert bench.command("reset", "legacy-erp", "--to", "beginning")[0] == 1
    assert bench.services.watermarks.load("legacy-erp") == before
    bench.answer = "legacy-erp"
    code, text = bench.command("reset", "legacy-erp", "--to", "beginning")
    assert (code, "everything before the beginning is settled" in text) == (0, True)
    assert bench.services.watermarks.load("legacy-erp").floor is None
    bench.services.memory.clear()
    report = bench.poll()
    assert (report.counts.accepted, report.counts.replayed) == (0, report.counts.read)
    code, text = bench.command("reset", "legacy-erp", "--history")
    assert "  2: everything before" in text
    assert bench.command("reset", "legacy-erp", "--undo", "2", "--yes")[0] == 0
    assert bench.services.watermarks.load("legacy-erp").floor == before.floor


def test_reset_to_now_skips_what_is_there(bench: Bench) -> None:
    bench.work.generate(10)
    bench.sql("UPDATE AUFKOPF SET AENDTS = '20260101120000'")
    assert bench.command("reset", "legacy-erp", "--to", "now", "--yes")[0] == 0
    assert bench.poll().counts.read == 0
    bench.work.generate(3)
    assert bench.poll().counts.accepted == 3


def test_reset_to_a_value_reads_from_there_and_fences_a_poller_off(bench: Bench) -> None:
    bench.work.generate(10)
    watermarks = bench.services.watermarks
    lease = watermarks.acquire("legacy-erp", "somebody", bench.clock.now(), timedelta(minutes=5))
    assert lease is not None
    assert bench.command("reset", "legacy-erp", "--to", "20260101000000", "--yes")[0] == 0
    with pytest.raises(Exception, match="taken over"):
        watermarks.save(lease, watermarks.load("legacy-erp"), bench.clock.now())
    assert bench.poll().counts.accepted >= 9
    with pytest.raises(Misconfigured, match="in the history"):
        bench.command("reset", "legacy-erp", "--undo", "99")
