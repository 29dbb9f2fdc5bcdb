"""Every test that the page of promises names exists, and every promise names some."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "promises.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/\S+?\.py::\S+?)`", PAGE)))


@cache
def defined_in(file: str) -> frozenset[str]:
    """`test_name` and `Class::test_name`, from the source: nothing is imported."""
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(
        f"{owner}{node.name}"
        for owner, body in [
            ("", tree.body),
            *((f"{c.name}::", c.body) for c in tree.body if isinstance(c, ast.ClassDef)),
        ]
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("name", NAMED)
def test_every_test_exists(name: str) -> None:
    file, _, test = name.partition("::")
    assert (ROOT / file).is_file()
    assert test in defined_in(file)


def test_every_row_names_a_test_or_says_where_to_look() -> None:
    rows = [row for row in re.findall(r"^\| (.+) \|$", PAGE, flags=re.M) if not row.startswith(("what |", "---"))]
    assert len(rows) > len(NAMED) // 4
    assert not [row for row in rows if "`tests/" not in row and "](" not in row]
