"""Publishes the CSV mapping of a source: `python -m chalicelib.cli.publish_mapping sap-emea mapping.toml`.

Batches that begin from then on use it. With --check nothing is published, only read for mistakes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TextIO

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.names import is_name


class MappingPublisher(Protocol):
    """Where mappings are kept. Raises DependencyUnavailable, Misconfigured."""

    def publish(self, source: str, name: str, text: str) -> str:
        """The place where it is from now on."""
        ...


def main(arguments: Sequence[str], publisher: Callable[[], MappingPublisher], out: TextIO) -> int:
    """0 if it was published, or could be; 1 with a sentence if not."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.cli.publish_mapping", description=__doc__)
    parser.add_argument("source", help="the source whose files it is for")
    parser.add_argument("file", type=Path, help="the mapping, in TOML")
    parser.add_argument("--name", default="default", help="if a source has several kinds of files")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text(encoding="utf-8")
        mapping = parse_mapping(text)
        if not (is_name(options.source) and is_name(options.name)):
            raise BrokenFile("source and name have lower-case letters, digits and dashes only")
        place = "" if options.check else publisher().publish(options.source, options.name, text)
    except (OrderbridgeError, OSError, UnicodeDecodeError) as error:
        print(f"not published: {error}", file=out)
        return 1
    print(f"{place or 'the mapping is right'}; it reads {len(mapping.columns)} columns", file=out)
    return 0


if __name__ == "__main__":
    from chalicelib.cli.context import operator_application

    sys.exit(main(sys.argv[1:], lambda: operator_application().batches.mappings, sys.stdout))
