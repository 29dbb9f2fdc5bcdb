"""`python -m poller discover DSN`: which tables look like orders, and a draft of a source file."""

from __future__ import annotations

import argparse
import json
import re
from contextlib import closing
from pathlib import Path

from poller.commands.context import Context, default_context
from poller.database.catalogue import open_catalogue
from poller.onboarding.discover import Guess, guesses
from poller.onboarding.draft import draft
from poller.source.model import Connection

SHOWN = 5


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("discover", help="find tables that look like orders, and draft a source file")
    text = 'an ODBC connection string ("Driver=...;PWD=${env:NAME}") or sqlite:PATH'
    parser.add_argument("dsn", metavar="DSN", help=text)
    parser.add_argument("--name", default="new-erp", help="of the source to be drafted")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the draft of the best guess there")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, context: Context | None = None) -> int:
    """0 if something was found."""
    context = context or default_context()
    is_file = options.dsn.startswith("sqlite:")
    spec = Connection(sqlite=options.dsn.removeprefix("sqlite:")) if is_file else Connection(odbc=options.dsn)
    with closing(open_catalogue(spec, context.environ, context.secret)) as catalogue:
        found, dialect = guesses(catalogue), catalogue.dialect
    if not found:
        context.print("no table looks like orders: describe the source by hand, see docs/poller.md")
        return 1
    for guess in found[:SHOWN]:
        context.print(f"# {describe(guess)}")
    line = (
        f"sqlite = {json.dumps(spec.sqlite)}" if is_file else f"odbc = {json.dumps(without_password(spec.odbc or ''))}"
    )
    text = draft(found[0], options.name, dialect, line)
    if options.write is None:
        context.print(text)
    else:
        options.write.write_text(text, encoding="utf-8")
        context.print(f"drafted {options.write}; next: python -m poller check {options.write}")
    return 0


def describe(guess: Guess) -> str:
    assert guess.lines is not None
    fields = len(guess.order_fields) + len(guess.line_fields)
    return f"{guess.header.name} with lines in {guess.lines.name}: {fields} of 17 fields found, score {guess.score}"


def without_password(odbc: str) -> str:
    """A password given on the command line must not end in a file."""
    return re.sub(r"(?i)\b(pwd|password)\s*=\s*(?!\$\{)(\{[^}]*\}|[^;]*)", r"\1=${env:ERP_PASSWORD}", odbc)
