"""Dependencies point inwards, and tests use fakes instead of patches."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "chalicelib/domain": ("boto3", "botocore", "chalice", "pydantic", "msgspec", "aws_lambda_powertools"),
    "chalicelib/workflow": ("boto3", "botocore", "chalice", "pydantic", "msgspec"),
    "chalicelib/steps": ("boto3", "botocore", "chalice", "pydantic", "chalicelib.adapters", "chalicelib.operations"),
    "chalicelib/intake": ("boto3", "botocore", "chalice", "chalicelib.adapters"),
    "chalicelib": ("poller", "local"),
}
"""Folder -> packages that nothing below it may import."""

INWARDS = {
    "chalicelib/domain": ("chalicelib.domain",),
    "chalicelib/workflow": ("chalicelib.domain", "chalicelib.workflow"),
}
"""Folder -> the only packages of ours that it may import."""


def imports(path: Path) -> Iterator[str]:
    """Full dotted names of everything the file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_forbidden_imports(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imports(path)
        if any(is_within(name, package) for package in FORBIDDEN[folder])
    ]
    assert not found


@pytest.mark.parametrize("folder", INWARDS)
def test_inner_layers_know_only_inner_layers(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imports(path)
        if is_within(name, "chalicelib") and not any(is_within(name, package) for package in INWARDS[folder])
    ]
    assert not found


def test_nothing_is_patched() -> None:
    """Environment variables and the working directory may be set for a test; functions are never replaced."""
    banned = ("unittest.mock", "mock")
    paths = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)]
    found = [
        str(path.relative_to(ROOT))
        for path in paths
        if any(is_within(name, module) for name in imports(path) for module in banned)
        or "monkeypatch.setattr" in path.read_text()
    ]
    assert not found


def test_only_the_edges_read_the_environment() -> None:
    """The composition root, the commands' settings and the deployment; everything else is given what it needs."""
    allowed = {"chalicelib/wiring/application.py", "chalicelib/cli/context.py"}
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "chalicelib").rglob("*.py")
        if "os.environ" in path.read_text() or "os.getenv" in path.read_text()
    }
    assert not {name for name in found - allowed if not name.startswith("chalicelib/deploy/")}
