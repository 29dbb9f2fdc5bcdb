"""A small late-commit storm; bench/late_commit_storm.py raises the full one (50,000 orders, 30 s, 2 minutes)."""

from __future__ import annotations

import pytest

from bench.storm import run_storm
from bench.storm_plan import Plan, as_json

pytestmark = pytest.mark.odbc


@pytest.mark.timeout(240)
@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_every_committed_order_is_accepted_exactly_once(dialect: str) -> None:
    plan = Plan(dialect, orders=1500, longest_tx_s=3, skew_s=4, kill_every_s=3, seconds=12, page_rows=200)
    report = run_storm(plan)
    assert report.kills > 0
    for name, outcome in report.outcomes.items():
        if not name.startswith("careless"):
            wrong = (outcome.missing, outcome.extra, outcome.doubled, outcome.conflicts)
            assert wrong == (0, 0, 0, 0), f"{name}\n{as_json(report)}"
