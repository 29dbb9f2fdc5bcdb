"""A small late-commit storm; bench/late_commit_storm.py raises the full one (50,000 orders, 30 s, 2 minutes)."""

from __future__ import annotations

import pytest

from bench.storm import run_storm
from bench.storm_plan import SLACK_S, Plan, Report, as_json

pytestmark = pytest.mark.odbc


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb"])
def test_every_committed_order_is_accepted_exactly_once(dialect: str) -> None:
    report = storm(dialect)
    assert report.kills > 0
    for name, outcome in report.outcomes.items():
        if not name.startswith("careless"):
            wrong = (outcome.missing, outcome.extra, outcome.doubled, outcome.conflicts)
            assert wrong == (0, 0, 0, 0), f"{name}\n{as_json(report)}"


def storm(dialect: str) -> Report:
    """Where transactions last longer than the sources are told, a storm proves nothing, and a slower one is raised."""
    for slower in (1, 4, 16):
        plan = Plan(
            dialect,
            orders=800,
            longest_tx_s=2 * slower,
            skew_s=2,
            kill_every_s=2 * slower,
            seconds=6 * slower,
            page_rows=100,
        )
        report = run_storm(plan)
        if report.longest_tx_s < plan.longest_tx_s + SLACK_S:
            return report
    pytest.fail(f"a transaction of {plan.longest_tx_s} s lasted {report.longest_tx_s:.0f} s")
