"""Prints all timeouts: what waits for what, and how long each of the two takes at most."""

from __future__ import annotations

import argparse

from chalicelib.cli.context import Context
from chalicelib.deploy.timeouts import table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace, context: Context) -> int:
    for row in table():
        context.print(f"{row.outer:42} {row.outer_s:8,.0f} s  waits for  {row.inner:44} {row.inner_s:6,.0f} s")
    return 0
