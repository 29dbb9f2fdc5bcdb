"""What holds for all tests: the local AWS they share, what Hypothesis tries, who runs where, what may be skipped."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from local.emulator.aws import LocalAws
from tests.support.parallel import ByRoom, rank
from tests.support.system_packages import missing

HERE = Path(__file__).parent

ALWAYS = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
"""How fast the machine is says nothing about a property."""

settings.register_profile("ci", ALWAYS, max_examples=40)
settings.register_profile("nightly", ALWAYS, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strict-skips",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="fail if a test is skipped; so it is in continuous integration, where CI is set",
    )


@pytest.hookimpl(trylast=True)  # after the shuffling
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRoom:
    return ByRoom(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("odbc") and missing():
        pytest.skip(f"these packages are not installed: sudo apt-get install {' '.join(missing())}")


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """One server for each worker; it evaluates no policies. Who uses it keeps to names of his own."""
    with LocalAws(auth=False) as aws:
        yield aws


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """-q hides the header, where it would stand."""
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"the order of the tests: -p randomly --randomly-seed={seed}")
