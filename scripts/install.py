"""Installs what the lock files name into the virtual environment of the Python that runs this.

With uv, which takes a tenth of pip's time, as one of the locked packages; with pip where uv fails. The files are
complete, so nothing is resolved: pip would look for the newest of a package that is asked for with an extra
("coverage[toml]"), and refuse it for want of a hash on the day on which there is a newer one than ours.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = [argument for name in ("requirements.txt", "requirements-dev.txt") for argument in ("-r", str(ROOT / name))]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def uv_variables(pip_config: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What uv, which does not read pip's configuration, has to be told of it; what it has been told already stays.

    `pip_config` is what `pip config list` prints: a line for each setting, those that win last.
    """
    found: dict[str, list[str]] = {}
    for line in pip_config.splitlines():
        name, _, value = line.partition("=")
        found[name.rpartition(".")[2]] = str(ast.literal_eval(value)).split()
    told = {
        "UV_DEFAULT_INDEX": " ".join(found.get("index-url", [])),
        "UV_INDEX": " ".join(found.get("extra-index-url", [])),
        "UV_FIND_LINKS": ",".join(found.get("find-links", [])),
        "UV_NO_INDEX": " ".join(found.get("no-index", [])),
        "UV_INSECURE_HOST": " ".join(found.get("trusted-host", [])),
        "SSL_CERT_FILE": " ".join(found.get("cert", [])),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip does; a file is known by its hash, wherever it comes from
    }
    return {name: value for name, value in told.items() if value and name not in environ}


def locked(package: str) -> str:
    """The entry of one package, with its hashes."""
    entry = re.search(rf"^{package}==.*\n(?:    --hash.*\n)+", (ROOT / "requirements-dev.txt").read_text(), flags=re.M)
    assert entry, f"requirements-dev.txt does not pin {package}"
    return entry[0]


def with_uv() -> bool:
    """Whether uv was to be had and has installed everything."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write(locked("uv"))
        lock.flush()
        if subprocess.run([*PIP, "install", "--quiet", "--no-deps", "-r", lock.name]).returncode:
            return False
    config = subprocess.run([*PIP, "config", "list"], check=True, capture_output=True, text=True).stdout
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", sys.executable]
    environ = {**os.environ, **uv_variables(config, os.environ)}
    return not subprocess.run([*command, "--no-deps", "--require-hashes", *LOCKS], env=environ).returncode


def main() -> int:
    if not with_uv():
        print("uv could not; installing with pip")
        if code := subprocess.run([*PIP, "install", "--quiet", "--no-deps", *LOCKS]).returncode:
            return code
    return subprocess.run([*PIP, "check"]).returncode


if __name__ == "__main__":
    sys.exit(main())
