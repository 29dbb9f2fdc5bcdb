"""Writes .chalice/config.json and .chalice/policies/ from the tables in chalicelib/deploy/config (docs/deploy.md).

What is edited there by hand is lost.
"""

from __future__ import annotations

import argparse

from chalicelib.cli.context import Context
from chalicelib.cli.developers.checkout import root
from chalicelib.cli.errors import NotDone
from chalicelib.deploy import generate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a file is not fresh")


def run(options: argparse.Namespace, context: Context) -> int:
    folder = root() / ".chalice"
    if not options.check:
        for path in generate.write(folder):
            context.print(f".chalice/{path}")
        return 0
    if stale := generate.stale(folder):
        for path in stale:
            context.print(f".chalice/{path}")
        raise NotDone(f"{len(stale)} files are not what the tables say; `python -m chalicelib generate` writes them")
    return 0
