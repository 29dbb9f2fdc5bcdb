"""Where ERPs want to be told what became of their orders, and whether they were (docs/callbacks.md).

The signing secret is not set here, but in Secrets Manager, before the address; `show` says under which name. An address
is used at once. It hears of every outcome from a day before it was set (`--wanted-from` says otherwise); what it has
missed is announced within minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.cli.callback_log import add_log_commands
from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone, WrongCall
from chalicelib.cli.parser import add_subcommand, add_subcommands, moment

if TYPE_CHECKING:
    from chalicelib.acknowledgements.subscription import Subscription
    from chalicelib.wiring.application import Application


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    add_subcommand(commands, "list", "every source that is told, where, and about what", _list)
    set_ = add_subcommand(commands, "set", "set the address of a source, once a signed ping has arrived there", _set)
    show = add_subcommand(commands, "show", "show it, and the name of the signing secret", _show)
    test = add_subcommand(commands, "test", "send a signed ping, and say how it went", _test)
    remove = add_subcommand(commands, "remove", "end the callbacks to a source", _remove)
    for command in (set_, show, test, remove):
        command.add_argument("source", metavar="SOURCE", help="the name of the ERP, as in its orders")
    set_.add_argument(
        "url", metavar="URL", help="https://..., without user and password; http:// only on the stage local"
    )
    set_.add_argument(
        "--also", metavar="KINDS", type=_kinds, help="received, failed, both with a comma between, or none"
    )
    from_help = "tell outcomes from this day or time on; default: as before, at first a day ago"
    set_.add_argument("--wanted-from", metavar="TIME", type=moment, help=from_help)
    no_ping = "set it without a ping: the ERP can be reached from the stage, but not from here"
    set_.add_argument("--no-ping", action="store_true", help=no_ping)
    add_log_commands(commands)


def run(options: argparse.Namespace, context: Context) -> int:
    return int(options.run(options, context))


def _set(options: argparse.Namespace, context: Context) -> int:
    from chalicelib.acknowledgements.address import WrongAddress, checked_address
    from chalicelib.acknowledgements.subscription import changed
    from chalicelib.domain.names import is_name

    app = context.application(options.stage)
    if not is_name(options.source):
        raise WrongCall(f"{options.source!r} is no source: a name such as sap-emea, as in its orders")
    try:
        checked_address(options.url, plain_http=app.settings.stage == "local")
    except WrongAddress as error:
        raise WrongCall(f"{options.url!r} is no address for callbacks: {error}") from None
    before = app.subscriptions.get(options.source)
    wish = changed(before, options.url, app.clock.now(), options.also, options.wanted_from)
    if not options.no_ping:
        _ping(app, wish, context, "; nothing was set. Mend it, or set it all the same with --no-ping")
    app.subscriptions.put(wish)
    return _show(options, context)


def _test(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    wish = app.subscriptions.get(options.source)
    if not wish.url:
        raise NotDone(f"{options.source} has no address; `callbacks set` gives it one")
    _ping(app, wish, context, "")
    return 0


def _ping(app: Application, wish: Subscription, context: Context, otherwise: str) -> None:
    attempt = app.ping(wish)
    if attempt.error:
        raise NotDone(f"the ping to {wish.url} failed after {attempt.duration_ms} ms: {attempt.error}{otherwise}")
    context.print(f"ping: HTTP {attempt.status} after {attempt.duration_ms} ms")


def _remove(options: argparse.Namespace, context: Context) -> int:
    from dataclasses import replace

    app = context.application(options.stage)
    wish = app.subscriptions.get(options.source)
    app.subscriptions.put(replace(wish, url="", changed_at=app.clock.now()))
    return _show(options, context)


def _show(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    wish = app.subscriptions.get(options.source)
    context.print(f"{options.source}: {wish.url or 'no callbacks'}")
    if wish.url:
        context.print(f"told about {', '.join(_told(wish))}")
        context.print(f"signed with the secret {app.callback.secret_name(options.source)}")
    return 0


def _list(options: argparse.Namespace, context: Context) -> int:
    wishes = [wish for wish in context.application(options.stage).subscriptions.all() if wish.url]
    for wish in wishes:
        context.print(f"{wish.source}  {wish.url}  {', '.join(_told(wish))}")
    if not wishes:
        context.print("no source wants callbacks")
    return 0


def _told(wish: Subscription) -> Iterable[str]:
    from chalicelib.acknowledgements.subscription import EVER

    since = "" if wish.wanted_from == EVER else f" since {_short(wish.wanted_from)}"
    return (f"outcomes{since}", *wish.also)


def _short(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _kinds(text: str) -> tuple[str, ...]:
    from chalicelib.acknowledgements.subscription import ALSO

    kinds = () if text == "none" else tuple(dict.fromkeys(text.split(",")))
    if not set(kinds) <= set(ALSO):
        raise argparse.ArgumentTypeError(f"{text!r} is not {', '.join(ALSO)}, both with a comma between, or none")
    return kinds
