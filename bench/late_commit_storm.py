"""The late-commit storm at full size: `python -m bench.late_commit_storm`. About five minutes a database."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from bench.storm import run_storm
from bench.storm_plan import Plan, Report, as_json


def main(arguments: list[str]) -> int:
    """0 if every promising mode accepted every order exactly once on every database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dialects", nargs="*", default=["postgresql", "mariadb"])
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the reports to this file")
    options = parser.parse_args(arguments)
    reports = []
    for dialect in options.dialects:
        plan = replace(Plan(dialect), orders=options.orders, seconds=options.seconds, seed=options.seed)
        reports.append(run_storm(plan))
        print(table(reports[-1]), flush=True)
    if options.json:
        options.json.write_text("[" + ",\n".join(map(as_json, reports)) + "]\n")
    return int(any(broken(report) for report in reports))


def broken(report: Report) -> bool:
    """Whether a mode that promises has missed, doubled or invented an order."""
    promising = [outcome for name, outcome in report.outcomes.items() if not name.startswith("careless")]
    return any(outcome.missing or outcome.extra or outcome.doubled or outcome.conflicts for outcome in promising)


def table(report: Report) -> str:
    """The result for people."""
    plan = report.plan
    lines = [
        f"{plan.dialect}: {plan.writers} writers, transactions up to {report.longest_tx_s:.1f} s,"
        f" clocks {plan.skew_s:.0f} s off, {report.kills} kills, {report.rolled_back} orders rolled back,"
        f" {report.seconds:.0f} s",
        f"{'source':20} {'committed':>9} {'accepted':>9} {'missing':>8} {'extra':>6} {'doubled':>8} {'repeats':>9}",
    ]
    for name, found in sorted(report.outcomes.items()):
        lines.append(
            f"{name:20} {found.committed:9} {found.accepted:9} {found.missing:8} {found.extra:6} {found.doubled:8}"
            f" {found.repeated:9}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
