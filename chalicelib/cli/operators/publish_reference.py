"""Publishes customers, products and holds from files to S3, where the order steps read them: all of them or nothing.

DIR holds customers, products and holds as .json or .csv; a data set without a file stays as it is
(docs/reference-data.md). Every problem of the files is a line on standard error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.reference_data.publish import publish
from chalicelib.reference_data.sources import BadReferenceData, read_directory

MAX_PROBLEMS_SHOWN = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR", help="holds customers, products, holds (.json or .csv)")
    parser.add_argument("--dry-run", action="store_true", help="check and compare, store nothing")
    parser.add_argument("--allow-shrink", action="store_true", help="even if a data set loses most of its records")


def run(options: argparse.Namespace, context: Context) -> int:
    done: list[str] = []

    def tell(name: str, line: str) -> None:
        done.append(name)
        context.print(line)

    try:
        found = read_directory(options.directory)
        publisher = context.application(options.stage).reference_publisher
        publish(found, publisher, dry_run=options.dry_run, allow_shrink=options.allow_shrink, tell=tell)
    except BadReferenceData as error:
        raise _explained(error, context) from error
    except OrderbridgeError:
        if done and not options.dry_run:
            context.note(f"{', '.join(done)} are published; the same command again does the rest")
        raise
    context.print(f"to {publisher.place}")
    return 0


def _explained(error: BadReferenceData, context: Context) -> NotDone:
    """Prints the problems; what remains to be said."""
    for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
        context.note(str(problem))
    more = len(error.problems) - MAX_PROBLEMS_SHOWN
    hidden = f", {more} not shown" if more > 0 else ""
    count = "1 problem" if len(error.problems) == 1 else f"{len(error.problems)} problems"
    return NotDone(f"nothing was published: {count}{hidden}; fix what is named and repeat")
