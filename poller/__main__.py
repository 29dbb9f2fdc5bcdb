"""`python -m poller COMMAND`: every module in poller/commands registers its command with `add(subparsers)`."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from chalicelib.cli.exits import end_process, exit_code
from poller import commands


def parser() -> argparse.ArgumentParser:
    """All commands; each sets `run`, a function from the parsed options to the exit code."""
    root = argparse.ArgumentParser(prog="python -m poller", description="Orders out of ERP databases")
    subparsers = root.add_subparsers(required=True, metavar="COMMAND")
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda found: found.name):
        imported = importlib.import_module(f"poller.commands.{module.name}")
        if hasattr(imported, "add"):
            imported.add(subparsers)
    return root


def main(arguments: Sequence[str]) -> int:
    """The exit code, as of `python -m chalicelib`: 0 done, 1 something is wrong and said so, 2 wrong usage."""

    def run() -> int:
        options = parser().parse_args(arguments)
        code = int(options.run(options))
        sys.stdout.flush()
        return code

    return exit_code(run, lambda line: print(line, file=sys.stderr))


if __name__ == "__main__":
    end_process(lambda: main(sys.argv[1:]))
