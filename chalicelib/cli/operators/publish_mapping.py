"""Publishes the CSV mapping of a source (docs/batches.md). Batches that begin from then on use it."""

from __future__ import annotations

import argparse
from pathlib import Path

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.csv_mapping import CsvMapping, parse_mapping
from chalicelib.batches.sample import read_sample
from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone, WrongCall
from chalicelib.domain.names import is_name

MAX_SHOWN = 20
"""Orders that are right. What is wrong with others is always shown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="SOURCE", type=_name, help="the source whose files it is for")
    parser.add_argument("file", metavar="FILE", type=Path, help="the mapping, in TOML")
    parser.add_argument(
        "--name", type=_name, default="default", help="if a source has several kinds of files; default: default"
    )
    parser.add_argument("--check", action="store_true", help="only read the file for mistakes; publish nothing")
    parser.add_argument(
        "--sample", metavar="CSV", type=Path, help="with --check: show what the mapping makes of this file"
    )


def run(options: argparse.Namespace, context: Context) -> int:
    if options.sample and not options.check:
        raise WrongCall("--sample publishes nothing: add --check, or leave it out")
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
    return _show(options.sample, mapping, options.source, context) if options.sample else 0


def _show(sample: Path, mapping: CsvMapping, source: str, context: Context) -> int:
    """The orders of a file, and what is wrong with them. 1 if that is anything."""
    try:
        orders, tally = read_sample([sample.read_bytes()], mapping, source)
    except BrokenFile as error:
        raise NotDone(f"{sample} would be refused: {error}") from error
    for number, each in enumerate(orders):
        record = each.record
        place = f"line {record.line}" + (f" to {record.last_line}" if record.last_line > record.line else "")
        if each.problems:
            context.print(f"{place}: {record.external_id or '(no number)'}: wrong: {'; '.join(each.problems)}")
        elif number < MAX_SHOWN:
            context.print(f"{place}: {record.external_id}: {record.text}")
    wrong = sum(bool(each.problems) for each in orders)
    lines = f"{tally.header} header, {tally.blank} blank, {tally.skipped} skipped, {tally.records} of orders"
    context.print(f"{len(orders)} orders, {wrong} of them wrong; {tally.lines} lines: {lines}")
    return 1 if wrong else 0


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} has more than lower-case letters, digits and dashes")
    return text
