"""Operators' commands, as processes, where AWS is not to be had: one line says why and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repository import ROOT

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-central-1"}
ACCOUNT = {"ORDERBRIDGE_ACCOUNT_ID": "123456789012"}


def command(tmp_path: Path, environ: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """With an environment that says nothing about AWS but what is given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ORDERBRIDGE_"))}
    nowhere = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "keys")}
    done = subprocess.run(
        [sys.executable, "-m", "chalicelib", *arguments, "--stage", "dev"],
        cwd=ROOT,
        env={**clean, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", **environ},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Bound, so that nobody else gets it, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({}, "Misconfigured: AWS_REGION is not set: set it"),
        ({"AWS_REGION": "eu-central-1"}, "Misconfigured: STS cannot be called: Unable to locate credentials; are"),
        ({"AWS_PROFILE": "nobody"}, "Misconfigured: AWS cannot be called: The config profile (nobody)"),
        ({**KEYS, "AWS_REGION": "x y"}, "Misconfigured: Provided region_name 'x y'"),
        ({**KEYS, "AWS_ENDPOINT_URL": "nowhere"}, "Misconfigured: Invalid endpoint: nowhere; look at"),
        ({**KEYS, "ORDERBRIDGE_ACCOUNT_ID": "12"}, "Misconfigured: ORDERBRIDGE_ACCOUNT_ID is not a 12-digit"),
    ],
    ids=["no region", "no credentials", "no profile", "wrong region", "wrong endpoint", "wrong account"],
)
def test_what_is_missing_is_named(tmp_path: Path, environ: dict[str, str], line: str) -> None:
    code, out, err = command(tmp_path, environ, "tokens", "list")
    assert (code, out, err.startswith(line), len(err.splitlines())) == (1, "", True, 1), err


@pytest.mark.parametrize(
    "arguments",
    [
        ["tokens", "list"],
        ["parking", "list"],
        ["replay"],
        ["callbacks", "show", "sap-emea"],
        ["credit", "show", "C-1001", "EUR"],
        ["faults", "list"],
        ["publish-reference", "local/sample/data/reference"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_aws_that_cannot_be_reached_is_said_to_be_so(tmp_path: Path, closed_port: int, arguments: list[str]) -> None:
    environ = {**KEYS, **ACCOUNT, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{closed_port}"}
    code, out, err = command(tmp_path, environ, *arguments)
    assert (code, out, len(err.splitlines())) == (1, "", 1), err
    assert err.startswith("DependencyUnavailable: ")
    assert "AWS_ENDPOINT_URL" in err
