"""Tests use fakes instead of patches, and only the edges read the environment."""

from __future__ import annotations

from pathlib import Path

from tests.support.repository import ROOT, imports, sources


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
