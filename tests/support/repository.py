"""The checkout that is under test."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("chalicelib", "poller", "local", "bench")
"""What the project is made of, the tests aside."""


@cache
def sources(*folders: str) -> tuple[Path, ...]:
    """All Python files below the folders, those that git ignores left out."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = sorted(filter(None, listing.split("\0")))
    return tuple(ROOT / name for name in names if name.endswith(".py") and (ROOT / name).exists())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Of the file's syntax tree, in no particular order. Several tests look at every file."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def defined_tests(path: Path) -> frozenset[str]:
    """`test_name` and `Class::test_name`, from the source: nothing is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    owners = [("", tree.body), *((f"{one.name}::", one.body) for one in tree.body if isinstance(one, ast.ClassDef))]
    return frozenset(
        f"{owner}{node.name}"
        for owner, body in owners
        for node in body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def imports(path: Path) -> Iterator[str]:
    """Full dotted names of everything the file imports, also inside functions."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
