"""The rules are reached by tests of their own: what the other tests happen to run of them does not count."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT


def test_the_tests_of_the_rules_reach_every_branch_of_them(tmp_path: Path) -> None:
    """In a process of its own, because tracing makes everything in a process slow; the floor is in pyproject.toml."""
    command = [sys.executable, "-m", "pytest", "tests/unit/domain", "--cov", "--cov-report=term"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ = {**inherited, "COVERAGE_FILE": str(tmp_path / "coverage")}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
