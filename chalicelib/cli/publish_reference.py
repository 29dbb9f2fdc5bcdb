"""Publishes customers, products and holds from files to S3, where the order steps read them: all of them or nothing.

    python -m chalicelib.cli.publish_reference DIR [--stage S] [--dry-run] [--allow-shrink]

DIR holds customers, products and holds as .json or .csv; a data set without a file stays as it is. Exits with 0 if
everything is published (or was already), 1 if AWS could not be reached or refused, 2 if the files must be fixed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.reference_data.publish import ReferenceDataPublisher, publish
from chalicelib.reference_data.sources import BadReferenceData, read_directory

MAX_PROBLEMS_SHOWN = 200


def run(
    arguments: Sequence[str],
    make_publisher: Callable[[str], ReferenceDataPublisher],
    emit: Callable[[str], None],
    emit_error: Callable[[str], None],
) -> int:
    """The command with everything injected; returns the exit code. `make_publisher` takes the stage."""
    options, done = _options(arguments), list[str]()

    def tell(name: str, line: str) -> None:
        done.append(name)
        emit(line)

    try:
        found = read_directory(options.directory)
        publisher = make_publisher(options.stage)
        publish(found, publisher, dry_run=options.dry_run, allow_shrink=options.allow_shrink, tell=tell)
    except BadReferenceData as error:
        for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
            emit_error(str(problem))
        more = len(error.problems) - MAX_PROBLEMS_SHOWN
        emit_error(f"nothing was published: {len(error.problems)} problems" + (f", {more} not shown" * (more > 0)))
        return 2
    except OrderbridgeError as error:
        emit_error(str(error))
        if done and not options.dry_run:
            emit_error(f"{', '.join(done)} are published; the same command again does the rest")
        return 1
    emit(f"to {publisher.place}")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.publish_reference",
        description="Publish customers, products and holds to S3: all of them or nothing.",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="holds customers, products, holds (.json or .csv)")
    parser.add_argument("--stage", default="", help="default: ORDERBRIDGE_STAGE")
    parser.add_argument("--dry-run", action="store_true", help="check and compare, store nothing")
    parser.add_argument("--allow-shrink", action="store_true", help="even if a data set loses most of its records")
    return parser.parse_args(arguments)


def main() -> int:
    """The composition for the command line: the only place here that makes clients."""
    from chalicelib.adapters.s3.reference_publisher import S3ReferencePublisher
    from chalicelib.cli.context import operator_application

    def make_publisher(stage: str) -> ReferenceDataPublisher:
        app = operator_application(stage)
        return S3ReferencePublisher(app.client("s3"), app.settings.bucket("reference"))

    return run(sys.argv[1:], make_publisher, print, lambda line: print(line, file=sys.stderr))


if __name__ == "__main__":
    sys.exit(main())
