"""`python -m poller bundle-odbc`: put ODBC into vendor/lib, or say why it would not work in Lambda."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from poller.packaging.odbc_bundle import (
    DRIVERS,
    LAMBDA_UNZIPPED_LIMIT,
    LAMBDA_UPLOAD_LIMIT,
    MACHINES,
    RUNTIMES,
    CannotBundle,
    Plan,
    Runtime,
    environment,
    library_folders,
    misfits,
    plan,
    write,
    wrong_machines,
)

MEGABYTE = 1024 * 1024


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("bundle-odbc", help="gather ODBC drivers for Lambda into vendor/lib")
    parser.add_argument("--drivers", default="freetds,psqlodbc,mariadb", help=f"of {', '.join(DRIVERS)}")
    parser.add_argument(
        "--runtime", choices=RUNTIMES, default=own_runtime(), help="as in .chalice (default: this Python)"
    )
    parser.add_argument("--machine", choices=MACHINES, default="x86_64", help="the function's architecture")
    parser.add_argument("--target", type=Path, default=Path("vendor/lib"), help="default: vendor/lib")
    parser.add_argument("--search", type=Path, action="append", default=[], help="more folders with drivers, first")
    parser.add_argument("--check-only", action="store_true", help="examine and report, write nothing")
    parser.add_argument("--allow-misfits", action="store_true", help="write it although the loader would refuse it")
    parser.set_defaults(run=run)


def own_runtime() -> str:
    """The runtime that Chalice chooses: that of the Python which runs it."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return name if name in RUNTIMES else "python3.13"


def run(options: argparse.Namespace, out: TextIO | None = None) -> int:
    """0 if the bundle is good (and written), 1 if it would not work."""
    out = out or sys.stdout
    runtime = RUNTIMES[options.runtime]
    try:
        bundle = plan(options.drivers.split(","), [*options.search, *library_folders()])
        problems = find_problems(bundle, runtime, options.machine)
        print(report(bundle, runtime), file=out)
        for problem in problems:
            print(f"PROBLEM  {problem}", file=out)
        if problems and not options.allow_misfits:
            print(advice(runtime), file=out)
            return 1
        if not options.check_only:
            write(bundle, options.target)
            print(written(bundle, options.target), file=out)
    except CannotBundle as error:
        print(f"PROBLEM  {error}", file=out)
        return 1
    return 0


def find_problems(bundle: Plan, runtime: Runtime, machine: str) -> Sequence[str]:
    """Everything that would keep the bundle from working in that runtime, a sentence each."""
    problems = [
        f"{name} is built for another processor than {machine}" for name in wrong_machines(bundle.files, machine)
    ]
    problems += [
        f"{misfit}, and {runtime.name} ({runtime.system}) has glibc {runtime.glibc}"
        for misfit in misfits(bundle.files, runtime.glibc)
    ]
    if bundle.size > LAMBDA_UNZIPPED_LIMIT:
        problems.append(f"the libraries alone have {bundle.size / MEGABYTE:.0f} MB; Lambda takes 250 MB in all")
    return problems


def report(bundle: Plan, runtime: Runtime) -> str:
    """Sizes, the largest libraries first, and how much of Lambda's limits they take."""
    rows = sorted(((path.stat().st_size, name) for name, path in bundle.files.items()), reverse=True)
    zipped = bundle.zipped_size()
    return "\n".join(
        [
            f"{len(rows)} libraries for {', '.join(d.section for d in bundle.drivers)} on {runtime.name}",
            *(f"{size / MEGABYTE:8.2f} MB  {name}" for size, name in rows),
            f"{bundle.size / MEGABYTE:8.2f} MB  unpacked ({bundle.size / LAMBDA_UNZIPPED_LIMIT:.0%} of the 250 MB)",
            f"{zipped / MEGABYTE:8.2f} MB  zipped ({zipped / LAMBDA_UPLOAD_LIMIT:.0%} of the 50 MB of a direct upload)",
        ]
    )


def advice(runtime: Runtime) -> str:
    """What to do about libraries that do not fit."""
    return (
        f"Nothing was written. Gather the libraries on {runtime.system} itself (its container image has this glibc),\n"
        "or deploy with a Python whose runtime has a newer glibc, or run the poller near the ERP\n"
        "(python -m poller run). See docs/odbc-in-lambda.md."
    )


def written(bundle: Plan, target: Path) -> str:
    """What was done, and what the function's configuration needs."""
    variables = "\n".join(f'    "{name}": "{value}"' for name, value in environment(bundle.drivers).items())
    return f"Written to {target}. The function's environment_variables need:\n{variables}"
