"""[connection]: the database's clock, and whether its transactions can be seen."""

from __future__ import annotations

from collections.abc import Iterator

from poller.database.clock import DatabaseClock
from poller.database.dialects import DIALECTS
from poller.onboarding.checks.subject import CLOCK_TOLERANCE, CheckResult, Level, SourceUnderTest


def check_clock(subject: SourceUnderTest) -> Iterator[CheckResult]:
    ticker = DatabaseClock(subject.connection, subject.source, subject.now)
    tick = ticker()
    apart = abs(tick.at - subject.now)
    yield CheckResult(Level.FINE, "connection", f"connected; the database's clock says {tick.at:%Y-%m-%d %H:%M:%S} UTC")
    if apart > CLOCK_TOLERANCE:
        text = f"the database's clock differs from ours by {apart.total_seconds():.0f} s"
        fix = "harmless, for the poller goes by the database's clock; fix its time service"
        yield CheckResult(Level.WARNING, "connection", text, fix)
    if DIALECTS[subject.source.dialect].horizon_sql and not ticker.sees_transactions:
        text = "the account may not see the database's open transactions"
        fix = "grant PROCESS (MariaDB), or make sure that cursor.overlap_s is longer than any transaction"
        yield CheckResult(Level.WARNING, "cursor.overlap_s", text, fix)
