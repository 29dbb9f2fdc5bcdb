"""Publishes customers, products and holds from files to S3, where the order steps read them: all of them or nothing.

    python -m chalicelib.operations.publish_reference DIR [--stage S] [--dry-run] [--allow-shrink]

DIR holds customers, products and holds as .json or .csv; a data set without a file stays as it is. Exits with 0 if
everything is published (or was already), 1 if AWS could not be reached or refused, 2 if the files must be mended.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from chalicelib.domain.errors import OrderbridgeError
from chalicelib.reference_data.sources import BadReferenceData, Problem, ReferenceSet, read_directory

MAX_PROBLEMS_SHOWN = 200
LARGEST_SHRINKAGE = 0.5
"""A data set that loses more than this share of its records was probably cut off on the way out of the ERP."""

PUBLISHING_ORDER = ("holds", "products", "customers")
"""Holds first: should the rest fail, a recall is in force all the same."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A data set ready to be stored. `published_count` is None before the first time; `changed`: it must be stored."""

    name: str
    count: int
    sha256: str
    content: bytes
    published_count: int | None
    changed: bool


class Publisher(Protocol):
    """Where data sets are published. Raises DependencyUnavailable, DependencyTimeout, Misconfigured."""

    @property
    def place(self) -> str:
        """Where that is, for people."""
        ...

    def prepare(self, name: str, records: Iterable[Any]) -> Prepared:
        """Encode the records and compare them with what is published. Raises BadReferenceData if they are too large."""
        ...

    def publish(self, prepared: Prepared) -> None: ...


def publish(
    found: ReferenceSet,
    publisher: Publisher,
    *,
    dry_run: bool = False,
    allow_shrink: bool = False,
    tell: Callable[[str, str], None] = lambda name, line: None,
) -> Sequence[Prepared]:
    """Store every data set that has changed, and `tell` (name, what was done) after each; what was compared.

    Raises BadReferenceData, before anything is stored, or as `publisher`.
    """
    data_sets = [(name, getattr(found, name)) for name in PUBLISHING_ORDER]
    prepared = [publisher.prepare(name, records) for name, records in data_sets if records is not None]
    problems = [problem for data_set in prepared for problem in _shrinkage(data_set)]
    if problems and not allow_shrink:
        raise BadReferenceData(problems)
    for data_set in prepared:
        if data_set.changed and not dry_run:
            publisher.publish(data_set)
        tell(data_set.name, _line(data_set, dry_run))
    return prepared


def _line(data_set: Prepared, dry_run: bool) -> str:
    done = ("would be published" if dry_run else "published") if data_set.changed else "unchanged"
    was = f", was {data_set.published_count:,}" if data_set.changed and data_set.published_count is not None else ""
    return f"{data_set.name:<10} {data_set.count:>8,} records{was}  {done}  sha256 {data_set.sha256[:12]}"


def _shrinkage(data_set: Prepared) -> list[Problem]:
    before = data_set.published_count or 0
    if data_set.name == "holds" or data_set.count >= before * (1 - LARGEST_SHRINKAGE):
        return []
    message = f"has {data_set.count:,} records, {before:,} are published: if that is meant, repeat with --allow-shrink"
    return [Problem(data_set.name, "", message)]


def run(
    arguments: Sequence[str],
    make_publisher: Callable[[str], Publisher],
    say: Callable[[str], None],
    complain: Callable[[str], None],
) -> int:
    """The command with everything injected; returns the exit code. `make_publisher` takes the stage."""
    options, done = _options(arguments), list[str]()

    def tell(name: str, line: str) -> None:
        done.append(name)
        say(line)

    try:
        found = read_directory(options.directory)
        publisher = make_publisher(options.stage)
        publish(found, publisher, dry_run=options.dry_run, allow_shrink=options.allow_shrink, tell=tell)
    except BadReferenceData as error:
        for problem in error.problems[:MAX_PROBLEMS_SHOWN]:
            complain(str(problem))
        more = len(error.problems) - MAX_PROBLEMS_SHOWN
        complain(f"nothing was published: {len(error.problems)} problems" + (f", {more} not shown" * (more > 0)))
        return 2
    except OrderbridgeError as error:
        complain(str(error))
        if done and not options.dry_run:
            complain(f"{', '.join(done)} are published; the same command again does the rest")
        return 1
    say(f"to {publisher.place}")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.operations.publish_reference",
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
    from chalicelib.operations.cli import operator_application

    def make_publisher(stage: str) -> Publisher:
        app = operator_application(stage)
        return S3ReferencePublisher(app.client("s3"), app.settings.bucket("reference"))

    return run(sys.argv[1:], make_publisher, print, lambda line: print(line, file=sys.stderr))


if __name__ == "__main__":
    sys.exit(main())
