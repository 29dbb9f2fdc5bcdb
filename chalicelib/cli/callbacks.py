"""Where ERPs want to be told the outcome of their orders, on the command line.

    python -m chalicelib.cli.callbacks set SOURCE URL [--stage S]
    python -m chalicelib.cli.callbacks show SOURCE [--stage S]
    python -m chalicelib.cli.callbacks remove SOURCE [--stage S]

The signing secret is not set here, but in Secrets Manager; `show` says under which name.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from chalicelib.domain.errors import OrderbridgeError


class Addresses(Protocol):
    """The callback addresses of a stage. Raises DependencyUnavailable."""

    def url(self, source: str) -> str:
        """Empty if the source wants no callbacks."""
        ...

    def set_url(self, source: str, url: str) -> None: ...

    def secret_name(self, source: str) -> str: ...


def main(arguments: Sequence[str], addresses: Callable[[str], Addresses], out: TextIO) -> int:
    """Runs one command; 0 if it was done, 1 with a sentence if not. `addresses` takes the stage."""
    options = _parser().parse_args(arguments)
    try:
        known = addresses(options.stage)
        if options.command == "set" and not options.url.startswith(("https://", "http://")):
            raise SystemExit("not done: the address must begin with https:// (http:// only on the stage local)")
        if options.command != "show":
            known.set_url(options.source, options.url if options.command == "set" else "")
        url = known.url(options.source)
    except OrderbridgeError as error:
        print(f"not done: {error}", file=out)
        return 1
    print(f"{options.source}: {url or 'no callbacks'}", file=out)
    if url:
        print(f"signed with the secret {known.secret_name(options.source)}", file=out)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.callbacks", description="Callback addresses of ERPs (docs/callbacks.md)."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("set", "set the address"), ("show", "show it"), ("remove", "end the callbacks")):
        command = commands.add_parser(name, help=text)
        command.add_argument("source", help="the name of the ERP, as in its orders")
        if name == "set":
            command.add_argument("url", help="https://...")
        command.add_argument("--stage", default="", help="default: ORDERBRIDGE_STAGE")
    return parser


def _wired(stage: str) -> Addresses:
    from chalicelib.cli.context import operator_application

    return operator_application(stage).callbacks


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _wired, sys.stdout))
