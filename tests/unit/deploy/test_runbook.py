"""The runbook knows every alarm, every command that it names exists, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest

from chalicelib.cli.commands import BY_NAME
from chalicelib.cli.parser import parser_of, subcommands
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


PAGES = sorted(path.name for path in (REPOSITORY / "docs").glob("*.md"))
CALL = re.compile(r"python -m chalicelib ([a-z][a-z-]*[^`#\n]*)")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_can_be_typed(page: str) -> None:
    """Up to a comment or a redirection; what stands in angle brackets is any word, such as an address."""
    for call in CALL.findall((REPOSITORY / "docs" / page).read_text(encoding="utf-8")):
        if "[" in call or page == "commands.md":  # a synopsis; the other page has a test of its own
            continue
        typed = re.sub(r"<\w+>", "https://word", re.split(r" {2,}| > ", call)[0])
        name, *arguments = shlex.split(typed)
        assert name in BY_NAME, call
        if arguments or not subcommands(parser_of(BY_NAME[name])):
            parser_of(BY_NAME[name]).parse_args(arguments)


@pytest.mark.parametrize("page", ["operations.md", "callbacks.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    for target, anchor in re.findall(r"\]\(([a-z-]*\.?m?d?)#?([a-z-]*)\)", (REPOSITORY / "docs" / page).read_text()):
        linked = REPOSITORY / "docs" / (target or page)
        assert linked.exists(), target
        headings = {re.sub(r"[^a-z -]", "", line.lower()).strip().replace(" ", "-") for line in headings_of(linked)}
        assert not anchor or anchor in headings, f"{target}#{anchor}"


def headings_of(path: Path) -> list[str]:
    return [line.lstrip("# ") for line in path.read_text().splitlines() if line.startswith("#")]
