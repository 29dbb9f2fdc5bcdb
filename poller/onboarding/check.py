"""Looks at a source before it is trusted: its connection, tables, cursor, times, sample orders and write-back.

Every result says what is wrong and what to do; nothing is written (write-back statements run for an order number that
cannot exist, and are rolled back).
"""

from __future__ import annotations

from collections.abc import Iterator

from poller.onboarding.checks.connection import check_clock
from poller.onboarding.checks.cursor import check_cursor
from poller.onboarding.checks.rows import check_columns, check_keys
from poller.onboarding.checks.sample import check_sample
from poller.onboarding.checks.subject import CheckResult, Level, SourceUnderTest
from poller.onboarding.checks.write_back import check_write_back


def check(subject: SourceUnderTest) -> Iterator[CheckResult]:
    """All results, in the order of the source file. A connection that fails is the caller's to report."""
    yield from check_clock(subject)
    missing = list(check_columns(subject))
    yield from missing
    if any(result.level is Level.PROBLEM for result in missing):
        return
    yield from check_keys(subject)
    yield from check_cursor(subject)
    yield from check_sample(subject)
    yield from check_write_back(subject)
