"""What holds for all tests: what this machine lacks is skipped and said; where nothing may be skipped, that fails."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.support.system_packages import missing

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")  # how fast it is says nothing about a property


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--strict-skips", action="store_true", help="fail if a test is skipped (continuous integration)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("odbc") and missing():
        pytest.skip(f"these packages are not installed: sudo apt-get install {' '.join(missing())}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The reasons are in the short summary (-ra)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if skipped and session.config.getoption("--strict-skips") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"{len(skipped)} tests were skipped; here none may be", red=True)
