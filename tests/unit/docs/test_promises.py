"""Every test that the page of promises names exists, and every promise names some."""

from __future__ import annotations

import re

import pytest

from tests.support.repository import ROOT, defined_tests

PAGE = (ROOT / "docs" / "promises.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/\S+?\.py::\S+?)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_every_test_exists(name: str) -> None:
    file, _, test = name.partition("::")
    assert (ROOT / file).is_file()
    assert test in defined_tests(ROOT / file)


def test_every_row_names_a_test_or_says_where_to_look() -> None:
    rows = [row for row in re.findall(r"^\| (.+) \|$", PAGE, flags=re.M) if not row.startswith(("what |", "---"))]
    assert len(rows) > len(NAMED) // 4
    assert not [row for row in rows if "`tests/" not in row and "](" not in row]
