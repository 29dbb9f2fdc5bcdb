"""The runbook knows every alarm, every command that it names exists, and its links lead somewhere."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from chalicelib.deploy.config.stages import STAGES, settings_of
from chalicelib.deploy.templates.alarms import alarms
from local.emulator.aws import REPOSITORY

RUNBOOK = (REPOSITORY / "docs" / "operations.md").read_text()
PROD = STAGES["prod"]
NAMES = [alarm.name for alarm in alarms(PROD, settings_of(PROD, "eu-central-1", "123456789012"))]


@pytest.mark.parametrize("name", NAMES)
def test_every_alarm_is_explained(name: str) -> None:
    family = re.sub(r"^(table-throttled|function-errors)-.*", r"\1-*", name)
    assert f"| `{family}` |" in RUNBOOK


@pytest.mark.parametrize("page", ["operations.md", "callbacks.md", "payments.md"])
def test_every_command_exists(page: str) -> None:
    modules = set(re.findall(r"python -m ([a-z_.]+)", (REPOSITORY / "docs" / page).read_text()))
    assert modules
    for module in modules:
        assert find_spec(module) is not None, module


@pytest.mark.parametrize("page", ["operations.md", "callbacks.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([a-z-]*\.?m?d?)#?([a-z-]*)\)", (REPOSITORY / "docs" / page).read_text()):
        linked = REPOSITORY / "docs" / (target or page)
        assert linked.exists(), target
        headings = {re.sub(r"[^a-z -]", "", line.lower()).strip().replace(" ", "-") for line in headings_of(linked)}
        assert not anchor or anchor in headings, f"{target}#{anchor}"


def headings_of(path: Path) -> list[str]:
    return [line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#")]
