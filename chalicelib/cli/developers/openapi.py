"""Writes the OpenAPI document that `GET /openapi.json` serves, from the routes, models, views and problems."""

from __future__ import annotations

import argparse

from chalicelib.api.handlers.system import OPENAPI_FILE
from chalicelib.api.openapi import document
from chalicelib.cli.context import Context
from chalicelib.cli.developers.checkout import root
from chalicelib.cli.errors import NotDone


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if the file is not fresh")


def run(options: argparse.Namespace, context: Context) -> int:
    name = OPENAPI_FILE.relative_to(root())
    if options.check and not document.is_fresh():
        raise NotDone(f"{name} is not what the code says; `python -m chalicelib openapi` writes it")
    if not options.check and document.write():
        context.print(str(name))
    return 0
