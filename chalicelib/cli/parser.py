"""How command lines are read: help that fits the terminal, mistakes in one line, `--stage` alike everywhere."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

from chalicelib.cli.commands import COMMANDS, Command
from chalicelib.cli.errors import WrongCall
from chalicelib.deploy.config.stages import STAGES
from chalicelib.domain.timestamps import parse_moment

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

MODULE = "python -m chalicelib"
"""How the program is called; as the installed script, `orderbridge`."""

STAGE_HELP = f"{', '.join(sorted(STAGES))}; default: ORDERBRIDGE_STAGE"


class Parser(argparse.ArgumentParser):
    """Raises WrongCall instead of printing the usage and ending the process."""

    def error(self, message: str) -> NoReturn:
        raise WrongCall(f"{message}; see `{self.prog} --help`")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """To standard output; unlike argparse's own, it does not hide that nobody takes it."""
        (file or sys.stdout).write(self.format_help())


class Paragraphs(argparse.HelpFormatter):
    """Paragraphs are filled to the width of the terminal; one whose lines begin with blanks stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = [
            part if part.startswith(" ") else textwrap.fill(" ".join(part.split()), width, initial_indent=indent)
            for part in text.strip("\n").split("\n\n")
        ]
        return "\n\n".join(filled)


def parser_of(command: Command, prog: str = MODULE) -> Parser:
    """The command's own parser. Imports its module."""
    module = importlib.import_module(command.module)
    parser = Parser(
        prog=f"{prog} {command.name}", description=module.__doc__, formatter_class=Paragraphs, allow_abbrev=False
    )
    module.add_arguments(parser)
    parser.epilog = _examples(command, prog, command.name)
    for leaf in leaves(parser):
        if command.staged:
            leaf.add_argument("--stage", choices=sorted(STAGES), metavar="STAGE", default="", help=STAGE_HELP)
        leaf.epilog = _examples(command, prog, leaf.prog.removeprefix(f"{prog} "))
    return parser


def _examples(command: Command, prog: str, beginning: str) -> str:
    lines = [f"  {prog} {example}" for example in command.examples if example.startswith(beginning)]
    return "\n".join(["Examples:" if len(lines) > 1 else "Example:", "", *lines])


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers of its subcommands, or the parser itself if it has none."""
    nested = subcommands(parser)
    if nested is None:
        yield parser
        return
    for child in nested.choices.values():
        yield from leaves(child)


def subcommands(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[argparse.ArgumentParser] | None:
    """Where its subcommands are registered; None if it has none."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return action
    return None


def add_subcommand(
    commands: argparse._SubParsersAction[Parser], name: str, text: str, run: Callable[..., object]
) -> argparse.ArgumentParser:
    """A subcommand whose options carry `run`, for `options.run(options, context)`."""
    added = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", formatter_class=Paragraphs, allow_abbrev=False
    )
    added.set_defaults(run=run)
    return added


def add_subcommands(parser: argparse.ArgumentParser) -> argparse._SubParsersAction[Parser]:
    return parser.add_subparsers(title="commands", required=True, metavar="COMMAND")  # type: ignore[return-value]


def number(kind: type[int] | type[float], low: float, high: float, what: str) -> Callable[[str], float]:
    """An argument type: a plain number from `low` to `high`, ends included; `what` says it to people."""
    pattern = re.compile(r"[0-9]{1,9}\Z" if kind is int else r"[0-9]{1,9}(\.[0-9]{1,6})?\Z", re.ASCII)

    def read(text: str) -> float:
        if not pattern.match(text) or not low <= kind(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return kind(text)

    return read


def moment(text: str) -> datetime:
    """An argument type: a day (its beginning in UTC) or a time with its offset."""
    try:
        return parse_moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} {error}") from None


def listing(width: int, prog: str = MODULE) -> str:
    """What `--help` says: every command with one line."""
    column = max(len(command.name) for command in COMMANDS) + 4
    lines = [f"usage: {prog} COMMAND ...", "", *textwrap.wrap(INTRODUCTION, width)]
    group = ""
    for command in COMMANDS:
        if command.group != group:
            group = command.group
            lines += ["", f"{group}:"]
        lines.append(f"  {command.name:<{column - 2}}{command.summary}")
    closing = CLOSING.replace(MODULE, prog)
    return "\n".join([*lines, "", *textwrap.wrap(closing, width)])


INTRODUCTION = "Orderbridge carries orders out of any ERP to a confirmation. These are its commands for people."
CLOSING = (
    f"`{MODULE} COMMAND --help` explains each with examples. Commands for operators take --stage; without it they use "
    "ORDERBRIDGE_STAGE. Exit codes: 0 done, 1 could not, 2 wrong call, 130 interrupted, 141 nobody reads the output. "
    "Polled ERPs have commands of their own: `python -m poller --help`."
)
