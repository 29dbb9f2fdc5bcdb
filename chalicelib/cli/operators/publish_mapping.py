"""Publishes the CSV mapping of a source (docs/batches.md). Batches that begin from then on use it."""

from __future__ import annotations

import argparse
from pathlib import Path

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import parse_mapping
from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone
from chalicelib.domain.names import is_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", type=_name, help="the source whose files it is for")
    parser.add_argument("file", metavar="FILE", type=Path, help="the mapping, in TOML")
    parser.add_argument(
        "--name", type=_name, default="default", help="if a source has several kinds of files; default: default"
    )
    parser.add_argument("--check", action="store_true", help="only read the file for mistakes; publish nothing")


def run(options: argparse.Namespace, context: Context) -> int:
    try:
        text = options.file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NotDone(f"{options.file} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    try:
        mapping = parse_mapping(text)
    except BrokenFile as error:
        raise NotDone(f"{options.file}: {error}; correct it and repeat") from error
    if options.check:
        done = "the mapping is right"
    else:
        done = context.application(options.stage).batches.mappings.publish(options.source, options.name, text)
    context.print(f"{done}; it reads {len(mapping.columns)} columns")
    return 0


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} has more than lower-case letters, digits and dashes")
    return text
