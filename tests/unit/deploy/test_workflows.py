"""The workflows of continuous integration: all Pythons that are supported, all parts of .ci/run, nothing that moves."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
PARTS = {"check", "unit", "contract", "e2e"}
"""What .ci/run can do one at a time."""

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def matrix() -> dict[str, list[str]]:
    workflow: dict[str, Any] = yaml.safe_load((FOLDER / "ci.yml").read_text())
    found: dict[str, list[str]] = workflow["jobs"]["part"]["strategy"]["matrix"]
    return found


def test_every_supported_python_is_tried() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    first, beyond = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()  # type: ignore[union-attr]
    assert matrix()["python"] == [f"3.{minor}" for minor in range(int(first), int(beyond))]


def test_every_part_is_run_once() -> None:
    parts = [part for job in matrix()["parts"] for part in job.split()]
    assert sorted(parts) == sorted(PARTS)


@each_workflow
def test_actions_are_pinned_by_commit(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert used
    assert not [action for action, said in used if not re.search(r"@[0-9a-f]{40}$", action) or "# v" not in said]


@each_workflow
def test_jobs_are_bounded_and_may_only_read(path: Path) -> None:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert not [name for name, job in workflow["jobs"].items() if "timeout-minutes" not in job]


def test_every_target_that_the_night_makes_is_spoken_of_where_people_read() -> None:
    nightly: dict[str, Any] = yaml.safe_load((FOLDER / "nightly.yml").read_text())
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    for target in nightly["jobs"]["long"]["strategy"]["matrix"]["target"]:
        assert f"make {target}" in contributing
