"""A run of Schemathesis against a deployed API: requests made from the OpenAPI document, every answer held to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HOOKS = "tests.support.contract_run.checks"
ROOT = Path(__file__).resolve().parents[3]

REPLACED = ("positive_data_acceptance", "unsupported_method")
"""Checks of Schemathesis in whose place there are stricter or better informed ones (`checks.py`)."""

INGEST = ("POST /orders", "POST /batches")
"""What an ingest token is for; everything else is asked by an operator."""


@dataclass(frozen=True, slots=True)
class Run:
    """`requests` were made; `failures` are what the checks found, in Schemathesis' own words."""

    requests: int
    ok: bool
    report: str

    @property
    def failures(self) -> str:
        found = re.search(r"= FAILURES =.*", self.report, flags=re.DOTALL)
        return found[0] if found else self.report[-3000:]


def run(
    url: str,
    tokens: Mapping[str, str],
    folder: Path,
    examples: int,
    seed: int,
    phases: Sequence[str] = ("examples", "coverage", "fuzzing", "stateful"),
) -> Run:
    """At most `examples` of each operation and phase. Nobody waits for outcomes: that would take hours."""
    config = folder / "schemathesis.toml"
    config.write_text(_config(tokens))
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run"]
    options = ["--url", url, "--phases", ",".join(phases), "--max-examples", str(examples), "--seed", str(seed)]
    options += ["--checks", "all", "--exclude-checks", ",".join(REPLACED), "--generation-database", "none"]
    options += ["--no-color", "--warnings", "off", "--continue-on-failure", "--no-shrink"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [*command, f"{url}/openapi.json", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    report = ended.stdout + ended.stderr
    (folder / "report.txt").write_text(report)
    counted = re.search(r"(\d+) generated", report)
    return Run(int(counted[1]) if counted else 0, ended.returncode == 0, report)


def _config(tokens: Mapping[str, str]) -> str:
    def authorized(role: str) -> str:
        return f"headers = {{ Authorization = {json.dumps('Bearer ' + tokens[role])} }}"

    lines = [authorized("operate"), "request-timeout = 60.0"]
    statuses = ["400", "401", "403", "404", "405", "409", "412", "413", "415", "422", "429"]
    lines += ["[checks]", f"negative_data_rejection.expected-statuses = {json.dumps(statuses)}"]
    lines += ["[parameters]", '"query.wait" = 0', '"header.Prefer" = "wait=0"']
    for operation in INGEST:
        lines += ["[[operations]]", f"include-name = {json.dumps(operation)}", authorized("ingest")]
    return "\n".join(lines) + "\n"
