"""The whole system on one machine: `python -m local up | submit | submit-batch | down | status | run`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path

from rich.console import Console

from local.client.api import Client
from local.client.submit import run_samples
from local.client.submit_batch import format_of, run_batch, submit_batch
from local.deployment import DeployFailed
from local.emulator.aws import LocalAwsError
from local.legacy_erp.poller import polled_erp
from local.sample.orders import stream, tour
from local.serve import AlreadyUp, detach, down, running, until_interrupted
from local.stack import Stack

LEGACY_ORDERS = 40
"""Orders in the legacy ERP of `run`."""

BATCH_LINES = 100
"""Of the file that `run` submits; of a hundred lines, one is of each unhappy kind."""

LOG_WIDTH = 150
"""Characters of a line where there is no terminal to ask."""


def main() -> int:
    arguments = _parser().parse_args()
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=LOG_WIDTH)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(arguments.action(arguments, console))
    except (AlreadyUp, LocalAwsError, DeployFailed, RuntimeError) as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, action: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(action=action)
        return added

    up = command("up", _up, "start the local AWS, deploy with the chalice CLI, seed, and serve until Ctrl-C")
    up.add_argument("--port", type=int, help="default: a free one")
    up.add_argument("--detach", action="store_true", help="serve in the background; return when ready")
    submit = command("submit", _submit, "send generated orders, wait for their outcomes and show them")
    submit.add_argument("--count", type=int, default=100)
    submit.add_argument("--rate", type=float, default=0, help="orders per second; default: as fast as possible")
    submit.add_argument("--seed", type=int, default=None, help="repeat an earlier run's orders; default: new ones")
    batch = command("submit-batch", _submit_batch, "send a file of orders, watch its batch and show the report")
    batch.add_argument("file", nargs="?", type=Path, help="JSONL, JSON or CSV, plain or gzip; default: a generated one")
    batch.add_argument("--format", choices=("jsonl", "json", "csv"), help="default: by the name of the file")
    batch.add_argument("--mapping", help="of a CSV file, as published; default: default")
    batch.add_argument("--count", type=int, default=1000, help="lines of a generated file")
    batch.add_argument("--seed", type=int, default=None, help="repeat an earlier file; default: a new one")
    command("down", _down, "stop the local stack")
    command("status", _status, "show whether a local stack runs, and where")
    command("env", _env, 'for a shell: eval "$(python -m local env)" points commands and curl at the local stack')
    run = command("run", _run, "up, a tour of sample orders with every outcome, then serve until Ctrl-C")
    run.add_argument("--port", type=int, help="default: a free one")
    run.add_argument("--once", action="store_true", help="exit after the tour: 0 if every order ended as expected")
    return parser


def _up(arguments: argparse.Namespace, console: Console) -> int:
    if arguments.detach:
        _show(detach(arguments.port, console), console)
        return 0
    with running(arguments.port, console) as (stack, _):
        _show(stack, console)
        until_interrupted()
    return 0


def _submit(arguments: argparse.Namespace, console: Console) -> int:
    stack = _running_stack()
    seed = arguments.seed if arguments.seed is not None else time.time_ns()
    return 0 if run_samples(Client(stack), list(stream(seed, arguments.count)), console, arguments.rate) else 1


def _submit_batch(arguments: argparse.Namespace, console: Console) -> int:
    client = Client(_running_stack())
    if arguments.file is None:
        seed = arguments.seed if arguments.seed is not None else time.time_ns()
        return 0 if run_batch(client, seed, arguments.count, console) else 1
    kind = arguments.format or format_of(arguments.file)
    more = {"mapping": arguments.mapping} if arguments.mapping else {}
    batch = submit_batch(client, arguments.file.read_bytes(), kind, console, **more)
    return 0 if batch["state"] == "COMPLETED" else 1


def _down(_: argparse.Namespace, console: Console) -> int:
    if not down(console):
        console.print("no local stack is running")
    return 0


def _status(_: argparse.Namespace, console: Console) -> int:
    stack = Stack.read()
    if stack is None:
        console.print("no local stack is running")
        return 1
    _show(stack, console)
    return 0


def _env(_: argparse.Namespace, console: Console) -> int:
    for name, value in _running_stack().environment().items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _run(arguments: argparse.Namespace, console: Console) -> int:
    with (
        running(arguments.port, console) as (stack, deployment),
        polled_erp(deployment, LEGACY_ORDERS, console) as legacy,
    ):
        as_expected = run_samples(Client(stack), tour(), console)
        as_expected = run_batch(Client(stack), time.time_ns(), BATCH_LINES, console) and as_expected
        as_expected = legacy.wait_for_answers() and as_expected
        console.print(legacy.table())
        verdict = "every order ended as expected" if as_expected else "NOT every order ended as expected"
        console.print(verdict, style="green" if as_expected else "bold red")
        _show(stack, console)
        if not arguments.once:
            console.print("serving; Ctrl-C stops it")
            until_interrupted()
    return 0 if as_expected else 1


def _running_stack() -> Stack:
    stack = Stack.read()
    if stack is None:
        raise RuntimeError("no local stack is running; start one: python -m local up --detach")
    return stack


def _show(stack: Stack, console: Console) -> None:
    console.print(f"API            {stack.api_url}", soft_wrap=True)
    console.print(f"AWS endpoint   {stack.endpoint_url}   region {stack.region}", soft_wrap=True)
    console.print(f"state machine  {stack.state_machine_arn}", soft_wrap=True)
    console.print("tokens         .local/stack.json (ingest, read, operate)")
    console.print(
        "try            "
        'TOKEN=$(python3 -c \'import json; print(json.load(open(".local/stack.json"))["tokens"]["read"])\')',
        soft_wrap=True,
        markup=False,
    )
    console.print(
        f'               curl -H "Authorization: Bearer $TOKEN" {stack.api_url}/orders', soft_wrap=True, markup=False
    )


if __name__ == "__main__":
    sys.exit(main())
