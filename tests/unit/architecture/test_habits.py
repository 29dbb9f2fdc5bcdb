"""Tests use fakes instead of patches, only the edges read the environment, nothing is written twice or for nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from chalicelib import __version__
from tests.support.repository import PACKAGES, ROOT, imports, nodes, sources

OVERRIDES = ("redirect_request", "_drain_stderr_bounded", "_fill_text", "print_help")
"""Methods that a class of somebody else calls; being named here, they occur twice."""


def test_nothing_is_patched() -> None:
    """Environment variables and the working directory may be set for a test; functions are never replaced."""
    banned = ("unittest.mock", "mock")
    found = [
        str(path.relative_to(ROOT))
        for path in sources("tests")
        if path != Path(__file__)
        and (
            any(name == module or name.startswith(module + ".") for name in imports(path) for module in banned)
            or "monkeypatch.setattr" in path.read_text(encoding="utf-8")
        )
    ]
    assert not found


def test_only_the_edges_read_the_environment() -> None:
    """The composition root, the commands' settings and the deployment; everything else is given what it needs."""
    allowed = {"chalicelib/wiring/application.py", "chalicelib/cli/context.py"}
    assert all((ROOT / name).exists() for name in allowed), "a name in this list is out of date"
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources("chalicelib")
        if "os.environ" in path.read_text(encoding="utf-8") or "os.getenv" in path.read_text(encoding="utf-8")
    }
    assert not {name for name in found - allowed if not name.startswith("chalicelib/deploy/")}


def test_the_version_is_written_once() -> None:
    """Whatever else names it reads `chalicelib.__version__`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "chalicelib.__version__"}
    written = re.compile(rf"""["']{re.escape(__version__)}["']""")
    found = [path.relative_to(ROOT).as_posix() for path in sources() if written.search(path.read_text("utf-8"))]
    assert found == ["chalicelib/__init__.py"]


def test_no_name_is_dead() -> None:
    """A name that is defined and occurs nowhere else, not even in a test or a page, does nothing."""
    words = Counter(word for path in _readable() for word in re.findall(r"\w+", path.read_text(encoding="utf-8")))
    dead = [
        f"{path.relative_to(ROOT).as_posix()}: {name}"
        for path in sources(*PACKAGES)
        for name in _defined(path)
        if words[name] == 1 and not name.startswith("__")
    ]
    assert not dead


def _readable() -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    kinds = {".py", ".md", ".toml", ".html", ".js", ".sh"}
    return [path for name in listing.split("\0") if (path := ROOT / name).suffix in kinds and path.exists()]


def _defined(path: Path) -> Iterator[str]:
    """Functions, classes, and what is assigned in modules and classes. Decorated ones may be reached through that."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            yield node.name
        if isinstance(node, ast.Module | ast.ClassDef):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                yield from (target.id for target in targets if isinstance(target, ast.Name))
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield statement.target.id
