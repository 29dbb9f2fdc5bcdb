"""Where generated files belong."""

from __future__ import annotations

from pathlib import Path

from chalicelib.cli.errors import NotDone

ROOT = Path(__file__).resolve().parents[3]


def root() -> Path:
    """The folder of app.py. Raises NotDone where the package is installed without it."""
    if not (ROOT / "app.py").is_file():
        raise NotDone("there is no checkout around this package; run the command in one")
    return ROOT
