"""A TypeScript client: types by openapi-typescript, calls by openapi-fetch, checked by the compiler, run by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from chalicelib.api.handlers.system import OPENAPI_FILE

PACKAGES = {"openapi-typescript": "7.13.0", "openapi-fetch": "0.17.0", "typescript": "5.9.3"}
SCRIPT = Path(__file__).with_name("client.ts")

COMPILE = ("npx", "tsc", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "client.ts")


def run_typescript_client(folder: Path, url: str, token: str, order: dict[str, object]) -> dict[str, object]:
    """What the script found. Needs Node and npm, and a registry for the packages."""
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module", "dependencies": PACKAGES}))
    shutil.copy(SCRIPT, folder / "client.ts")
    _call(folder, "npm", "install", "--no-audit", "--no-fund", "--silent")
    _call(folder, "npx", "openapi-typescript", str(OPENAPI_FILE), "--output", "api.d.ts")
    _call(folder, *COMPILE)
    found: dict[str, object] = json.loads(_call(folder, "node", "client.js", url, token, json.dumps(order)))
    return found


def _call(folder: Path, *command: str) -> str:
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{' '.join(command)}: {ended.stdout}{ended.stderr}"
    return ended.stdout
