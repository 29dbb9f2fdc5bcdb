"""Nothing grows until nobody finds anything in it: folders, modules, functions; and tests stand where one looks."""

from __future__ import annotations

import ast
import subprocess
from collections import Counter
from pathlib import Path

from tests.support.repository import PACKAGES, ROOT, imports, nodes, sources

MOST_FILES = 18
MOST_LINES = 300
MOST_LINES_OF_TESTS = 400
LONGEST_FUNCTION = 60
ROOM = 4
"""Files from which on a room has tests of its own under its own name."""

TESTED_ELSEWHERE = {"ports", "wiring"}
"""Rooms without a folder of tests: ports by all contract suites, wiring end to end."""


def test_no_folder_is_a_heap() -> None:
    files = Counter(path.parent.relative_to(ROOT).as_posix() for path in sources(*PACKAGES, "tests"))
    assert not {folder: count for folder, count in files.items() if count > MOST_FILES}


def test_no_module_is_a_book() -> None:
    def limit(path: Path) -> int:
        return MOST_LINES_OF_TESTS if "tests" in path.parts else MOST_LINES

    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in sources()}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > limit(path)}


def test_every_function_fits_in_one_look() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": length
        for path in sources()
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert not found


def test_there_are_no_symbolic_links() -> None:
    """They break in archives and on Windows."""
    listing = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert not [line for line in listing.splitlines() if line.startswith("120000")]


def test_no_file_stands_twice() -> None:
    texts: dict[bytes, list[str]] = {}
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listing.split("\0")):
        path = ROOT / name
        if path.is_file() and path.stat().st_size > 0 and not name.startswith(".chalice/"):
            texts.setdefault(path.read_bytes(), []).append(name)
    assert not [names for names in texts.values() if len(names) > 1]


def test_every_module_of_the_domain_has_a_test_that_imports_it() -> None:
    imported = {name for path in sources("tests/unit/domain") for name in imports(path)}
    modules = [path.stem for path in sources("chalicelib/domain") if path.stem != "__init__"]
    assert not [name for name in modules if not any(f"chalicelib.domain.{name}" in found for found in imported)]


def test_a_room_has_tests_of_its_own() -> None:
    tested = {path.name for kind in ("unit", "integration", "contract") for path in (ROOT / "tests" / kind).iterdir()}
    files = Counter(path.relative_to(ROOT).parts[1] for path in sources("chalicelib"))
    rooms = {room for room, count in files.items() if count >= ROOM}
    assert rooms - tested <= TESTED_ELSEWHERE
    assert rooms - tested >= TESTED_ELSEWHERE, "a room in this list is out of date"
