"""A Python client made from the OpenAPI document by openapi-python-client, and imported."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.api.handlers.system import OPENAPI_FILE

PACKAGE = "generated_orderbridge_client"


@contextmanager
def generated_client(folder: Path) -> Iterator[Any]:
    """A function that imports a module of the client by its name, as long as the block lasts. No warning is tolerated:
    what the generator cannot express, a caller cannot call."""
    (folder / "config.yml").write_text("post_hooks: []\n")
    generator = Path(sys.executable).with_name("openapi-python-client")
    command = [str(generator), "generate", "--path", str(OPENAPI_FILE), "--output-path", str(folder / PACKAGE)]
    options = ["--meta", "none", "--config", str(folder / "config.yml"), "--fail-on-warning"]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"{PACKAGE}.{name}".removesuffix("."))
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
