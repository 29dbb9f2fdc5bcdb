"""Every limit of the code is on the page with its value, and a test shows what happens beyond it."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

from chalicelib.deploy.templates.messaging import QUEUES
from tests.support.repository import ROOT, defined_tests, sources

PAGE = (ROOT / "docs" / "limits.md").read_text().partition("# Every limit")[2]
VALUE = re.compile(r"`((?:chalicelib|poller)\.[\w.]+)` = ([\d,]+)(?: (min))?\b")
LIMIT = re.compile(r"MAX_\w+|\w*ATTEMPTS|\w+_RETRIES|\w+_LIMIT|\w+_MAX_AGE\w*|GIVE_UP_\w+|\w+_AGAIN_AFTER")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the tables: its five cells."""

    limit: str
    beyond: str
    told: str
    can_do: str
    shown_by: str


def rows() -> Iterator[Row]:
    for line in re.findall(r"^\| (.+) \|$", PAGE, flags=re.M):
        cells = line.split(" | ")
        if cells[0] not in ("limit", "---|---|---|---|---"):
            assert len(cells) == 5, line
            yield Row(*cells)


ROWS = list(rows())
NAMED = sorted({name for row in ROWS for name in re.findall(r"`(tests/\S+?\.py::\S+?)`", row.shown_by)})
VALUES = VALUE.findall(PAGE)


def value_of(name: str) -> Any:
    """Of a dotted name: the longest part that is a module, then attributes."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        return reduce(getattr, parts[end:], _instance(module, parts[end:]))
    raise AssertionError(f"there is no module of {name}")


def _instance(module: Any, rest: list[str]) -> Any:
    """Fields of a dataclass with slots have their default in its parameters only."""
    if len(rest) == 2 and isinstance(owner := getattr(module, rest[0]), type):
        default = next(field.default for field in fields(owner) if field.name == rest[1])
        return type("Defaults", (), {rest[0]: type("Owner", (), {rest[1]: default})})
    return module


@pytest.mark.parametrize(("name", "number", "unit"), VALUES, ids=[name for name, _, _ in VALUES])
def test_the_value_on_the_page_is_that_of_the_code(name: str, number: str, unit: str) -> None:
    value, said = value_of(name), int(number.replace(",", ""))
    if isinstance(value, timedelta):
        assert value == (timedelta(minutes=said) if unit else timedelta(seconds=said))
    else:
        assert value == said


@pytest.mark.parametrize("row", ROWS, ids=[row.limit.partition(" = ")[0][-60:] for row in ROWS])
def test_every_limit_says_what_is_beyond_it_and_names_who_shows_that(row: Row) -> None:
    assert all((row.beyond, row.told, row.can_do))
    assert "`tests/" in row.shown_by


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_exists(name: str) -> None:
    file, _, test = name.partition("::")
    assert (ROOT / file).is_file()
    assert test in defined_tests(ROOT / file)


def test_no_limit_of_the_code_is_missing() -> None:
    """By their names; those that lose nothing and stop nothing are listed on the page, too."""
    missing = []
    for path in sources("chalicelib", "poller"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for target in node.targets if isinstance(node, ast.Assign) else ():
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                missing += [
                    f"{module}.{name.id}"
                    for name in names
                    if isinstance(name, ast.Name) and LIMIT.fullmatch(name.id) and f"`{module}.{name.id}`" not in PAGE
                ]
    assert missing == []


def test_every_queue_that_gives_up_is_there() -> None:
    said = {value_of(name.rpartition(".")[0]).name for name, _, _ in VALUES if name.endswith(".max_receives")}
    assert said == {queue.name for queue in QUEUES if queue.max_receives}
