"""Where ERPs want to be told the outcome of their orders (docs/callbacks.md).

The signing secret is not set here, but in Secrets Manager; `show` says under which name. A changed address is
used within a minute.
"""

from __future__ import annotations

import argparse

from chalicelib.cli.context import Context
from chalicelib.cli.errors import WrongCall
from chalicelib.cli.parser import add_subcommand, add_subcommands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    set_ = add_subcommand(commands, "set", "set the address of a source", _set)
    show = add_subcommand(commands, "show", "show it, and the name of the signing secret", _show)
    remove = add_subcommand(commands, "remove", "end the callbacks to a source", _remove)
    for command in (set_, show, remove):
        command.add_argument("source", metavar="SOURCE", help="the name of the ERP, as in its orders")
    set_.add_argument("url", metavar="URL", type=_url, help="https://...; http:// only on the stage local")


def run(options: argparse.Namespace, context: Context) -> int:
    return int(options.run(options, context))


def _set(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    if options.url.startswith("http://") and app.settings.stage != "local":
        raise WrongCall(f"{options.url} is not encrypted; give an address that begins with https://")
    app.callbacks.set_url(options.source, options.url)
    return _show(options, context)


def _remove(options: argparse.Namespace, context: Context) -> int:
    context.application(options.stage).callbacks.set_url(options.source, "")
    return _show(options, context)


def _show(options: argparse.Namespace, context: Context) -> int:
    callbacks = context.application(options.stage).callbacks
    url = callbacks.url(options.source)
    context.print(f"{options.source}: {url or 'no callbacks'}")
    if url:
        context.print(f"signed with the secret {callbacks.secret_name(options.source)}")
    return 0


def _url(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        raise argparse.ArgumentTypeError(f"{text!r} does not begin with https://")
    return text
