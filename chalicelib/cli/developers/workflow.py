"""Prints the order workflow as a state machine (Amazon States Language), or as the diagram in the README."""

from __future__ import annotations

import argparse
import json

from chalicelib.cli.context import Context
from chalicelib.workflow.definition import definition
from chalicelib.workflow.mermaid import mermaid


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind",
        choices=("STANDARD", "EXPRESS"),
        default="STANDARD",
        metavar="KIND",
        help="STANDARD, EXPRESS; default: STANDARD",
    )
    parser.add_argument("--mermaid", action="store_true", help="the diagram")


def run(options: argparse.Namespace, context: Context) -> int:
    states = definition(lambda function: f"${{{function}}}", options.kind)
    context.print(mermaid(states).rstrip() if options.mermaid else json.dumps(states, indent=2))
    return 0
