"""check: every problem of a source, each with its fix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.domain.errors import Misconfigured
from tests.support.poller.onboarding import DESK, Bench, bench, edited

__all__ = ["bench"]


def test_check_finds_nothing_wrong_with_the_shipped_source(bench: Bench) -> None:
    bench.work.generate(100)
    code, text = bench.command("check", "legacy-erp")
    assert code == 0, text
    assert "0 problems, 0 warnings" in text
    assert "sample: order 00001000" in text
    assert "does not see a change that leaves AENDTS as it was" in text
    assert "write_back.confirmed: runs, and changes nothing" in text


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('customer_id = "KDNR"', 'customer_id = "KUNDNR"', "order.customer_id: there is no column KUNDNR"),
        ('customer_id = "KDNR"', 'customer_id = "KUNDNR"', "did you mean KDNR"),
        ('table = "AUFPOS"', 'table = "AUFPOSI"', "did you mean AUFPOS"),
        ('timezone = "Europe/Berlin"', 'timezone = "America/New_York"', "minutes in the future"),
        ('format = "%Y%m%d%H%M%S"', 'format = "%Y%m%d"', "cursor.format: the newest AENDTS does not fit"),
        ('["implied_decimals:2"]', "[]", "sample orders: the lines do not add up to the total"),
        ('key = ["AUFNR"]\n\n[lines]', 'key = ["KDNR"]\n\n[lines]', "stand in several rows"),
        ("OBGRUND = :confirmation_number", "OBGRUNT = :confirmation_number", "write_back.confirmed: "),
        (":confirmation_number WHERE AUFNR = :external_id", ":confirmation_number WHERE 1 = 1", "needs a WHERE"),
    ],
)
def test_check_names_each_problem_with_its_fix(bench: Bench, old: str, new: str, expected: str) -> None:
    bench.work.generate(50)
    code, text = edited(bench, old, new).command("check", str(bench.file))
    assert code == 1
    assert expected in text
    assert bench.sql("SELECT count(*) FROM AUFKOPF WHERE OBSTATUS <> ' ' OR OBGRUND IS NOT NULL") == [(0,)]


def test_check_warns_of_a_missing_index_of_nulls_and_of_rows_that_cannot_be_mapped(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=300))
    bench.work.generate(60)
    bench.sql("DROP INDEX AUFKOPF_AENDTS")
    code, text = bench.command("check", "legacy-erp")
    assert code == 0
    assert "no index of AUFKOPF begins with AENDTS: every poll reads the whole table" in text
    assert "CREATE INDEX ON AUFKOPF (AENDTS, AUFNR)" in text
    assert "WAEHR is not in the code table currency" in text
    assert "MENGE is not a whole number" in text


def test_check_counts_rows_without_a_key(bench: Bench) -> None:
    """Old schemas declare few keys: here a column that may be NULL is named as one."""
    bench.work.generate(3)
    bench.sql("UPDATE AUFKOPF SET OBID = 'x' WHERE AUFNR = (SELECT min(AUFNR) FROM AUFKOPF)")
    code, text = edited(bench, 'key = ["AUFNR"]\n\n[lines]', 'key = ["OBID"]\n\n[lines]').command("check", "legacy-erp")
    assert code != 0
    assert "2 rows have no OBID and are never read" in text


def test_an_unknown_source_and_an_unset_variable_are_named(bench: Bench) -> None:
    with pytest.raises(Misconfigured, match="known are: legacy-erp"):
        bench.command("check", "nobody")
    del bench.environ["LEGACY_ERP_DB"]
    with pytest.raises(Misconfigured, match="LEGACY_ERP_DB"):
        bench.command("check", "legacy-erp")
