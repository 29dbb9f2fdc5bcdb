"""Brings the whole system up on this machine, keeps it up, and takes it down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from chalicelib.settings import Settings
from chalicelib.wiring.application import Application
from local.deployment import Deployment
from local.emulator.aws import DEFAULT_REGION, REPOSITORY, LocalAws
from local.seed import Seed
from local.stack import FOLDER, STACK_FILE, Stack

UP_TIMEOUT_S = 240
DOWN_TIMEOUT_S = 20
SOURCES = ("sap-emea",)


class AlreadyUp(RuntimeError):
    """A local stack runs already; the message says how to use or stop it."""


@contextmanager
def running(port: int | None, console: Console) -> Iterator[tuple[Stack, Deployment]]:
    """A deployed and seeded stack, for as long as the block lasts. Raises AlreadyUp, LocalAwsError, DeployFailed."""
    old = Stack.read()
    if old is not None:
        raise AlreadyUp(f"a local stack runs already (process {old.pid}, {old.api_url}); stop it: python -m local down")
    FOLDER.mkdir(exist_ok=True)
    with LocalAws(port=port, region=DEFAULT_REGION, log_file=FOLDER / "aws.log") as aws:
        deployment = Deployment(aws, REPOSITORY)
        deployment.forget()
        began = time.monotonic()
        console.print(f"local AWS at {aws.endpoint_url}; running: chalice deploy --stage local")
        (FOLDER / "deploy.log").write_text(deployment.deploy())
        console.print(f"deployed in {time.monotonic() - began:.0f} s; seeding reference data, stock, credit and tokens")
        stack = deployment.stack(seeded(deployment))
        stack.write()
        try:
            yield stack, deployment
        finally:
            STACK_FILE.unlink(missing_ok=True)


def seeded(deployment: Deployment) -> dict[str, str]:
    """Fill a fresh deployment; the tokens by role."""
    aws = deployment.aws
    settings = Settings.read(deployment.environment())
    seed = Seed(Application(settings, make_client=lambda service, *_: aws.client(service)), SOURCES)
    seed.reference_data()
    seed.stock()
    seed.credit()
    return seed.tokens()


def detach(port: int | None, console: Console) -> Stack:
    """Start a process that keeps the stack up, and wait until it is ready. Raises RuntimeError with its output."""
    FOLDER.mkdir(exist_ok=True)
    log = FOLDER / "up.log"
    command = [sys.executable, "-m", "local", "up", *(["--port", str(port)] if port else [])]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with console.status("starting the local AWS, deploying, seeding"):
        deadline = time.monotonic() + UP_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            stack = Stack.read()
            if stack is not None and stack.pid == process.pid:
                return stack
            time.sleep(0.2)
    if process.poll() is None:
        process.terminate()
    raise RuntimeError(f"the local stack did not come up:\n{_tail(log)}")


def down(console: Console) -> bool:
    """Stop the running stack and wait until its process is gone; False if there was none."""
    stack = Stack.read()
    if stack is None:
        STACK_FILE.unlink(missing_ok=True)
        return False
    os.kill(stack.pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_TIMEOUT_S
    while Stack.read() is not None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"process {stack.pid} does not end; see {FOLDER / 'up.log'}")
        time.sleep(0.1)
    console.print(f"stopped (process {stack.pid})")
    return True


def until_interrupted() -> None:
    """Sleep until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _tail(log: Path, characters: int = 3000) -> str:
    return log.read_text(errors="replace")[-characters:]
