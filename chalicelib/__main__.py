"""`python -m chalicelib COMMAND`: the one door to every command of Orderbridge, for operators and developers."""

from __future__ import annotations

import difflib
import importlib
import shutil
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from chalicelib import __version__
from chalicelib.cli.commands import BY_NAME, OPERATORS, Command
from chalicelib.cli.context import Context, operator_application
from chalicelib.cli.errors import WrongCall
from chalicelib.cli.exits import DONE, WRONG_CALL, end_process, exit_code
from chalicelib.cli.parser import MODULE, listing, parser_of


def main(arguments: Sequence[str], context: Context, prog: str = MODULE) -> int:
    """Runs one command; the exit code. What went wrong is one line on `context.err`, without a traceback."""

    def run() -> int:
        code = _run(arguments, context, prog)
        context.out.flush()
        return code

    return exit_code(run, context.note)


def _run(arguments: Sequence[str], context: Context, prog: str) -> int:
    if not arguments:
        context.note(listing(_width(), prog))
        return WRONG_CALL
    name, *rest = arguments
    if name in ("-h", "--help"):
        context.print(listing(_width(), prog))
        return DONE
    if name == "--version":
        context.print(f"orderbridge {__version__}")
        return DONE
    command = _found(name, prog)
    try:
        options = parser_of(command, prog).parse_args(rest)
    except SystemExit:  # --help
        return DONE
    with _aws_errors_translated(command):
        return int(importlib.import_module(command.module).run(options, context))


def _found(name: str, prog: str) -> Command:
    if name not in BY_NAME:
        near = difflib.get_close_matches(name, BY_NAME, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise WrongCall(f"there is no command {name!r}; {meant}`{prog} --help` lists them")
    return BY_NAME[name]


def _aws_errors_translated(command: Command) -> AbstractContextManager[None]:
    """For operators: errors of AWS that no adapter expects, such as those of credentials that are about to expire."""
    if command.group != OPERATORS:
        return nullcontext()
    from chalicelib.adapters.aws.errors import aws_errors_translated

    return aws_errors_translated("AWS")


def _width() -> int:
    return max(40, shutil.get_terminal_size().columns - 2)


def script() -> None:
    """The process: `python -m chalicelib`, or `orderbridge` where the package is installed."""
    called = Path(sys.argv[0]).name
    prog = MODULE if called == "__main__.py" else called
    end_process(lambda: main(sys.argv[1:], Context(operator_application, sys.stdout, sys.stderr), prog))


if __name__ == "__main__":
    script()
