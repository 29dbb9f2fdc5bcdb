"""`callbacks resend` and `callbacks deliveries`: what was told, and telling it again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone, WrongCall
from chalicelib.cli.parser import Parser, add_subcommand, moment
from chalicelib.domain.errors import UnknownOrder
from chalicelib.domain.ids import is_order_id

if TYPE_CHECKING:
    from chalicelib.acknowledgements.delivery import Delivery


def add_log_commands(commands: argparse._SubParsersAction[Parser]) -> None:
    resend = add_subcommand(
        commands, "resend", "tell the outcome of an order, or of the orders of a time, again", _resend
    )
    resend.add_argument("what", metavar="ORDER|SOURCE", help="an order's id, or a source with --from")
    resend.add_argument("--from", dest="start", metavar="TIME", type=moment, help="of orders received then or later")
    resend.add_argument("--to", dest="end", metavar="TIME", type=moment, help="and before; default: now")
    resend.add_argument("--again", action="store_true", help="also those that the ERP was told already")
    deliveries = add_subcommand(commands, "deliveries", "what was tried to tell the ERP about an order", _deliveries)
    deliveries.add_argument("order_id", metavar="ORDER", help="the order's id")


def _resend(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    if is_order_id(options.what):
        if options.start or options.end:
            raise WrongCall("an order is told again without --from and --to; those are for a source")
        try:
            done = app.resend.order(options.what, options.again)
        except UnknownOrder as error:
            raise NotDone(str(error)) from None
        if done != "announced":
            raise NotDone(f"{options.what} was not announced: {done}{_fix(done)}")
        context.print(f"{options.what}: announced")
        return 0
    if options.start is None:
        raise WrongCall(f"{options.what} is no order's id; for a source say --from, such as --from 2026-11-23")
    end = options.end or app.clock.now()
    if options.start >= end:
        raise WrongCall("--to must be later than --from")
    counts = app.resend.source(options.what, options.start, end, options.again)
    context.print(
        f"{options.what}: {', '.join(f'{count:,} {what}' for what, count in counts.items()) or 'no outcomes'}"
    )
    return 0


def _fix(done: str) -> str:
    fixes = {
        "told already": "; --again tells it once more",
        "not final": "; it has no outcome yet",
        "no callback is wanted": "; `callbacks set` gives its source an address",
    }
    return fixes[done]


def _deliveries(options: argparse.Namespace, context: Context) -> int:
    app = context.application(options.stage)
    if not is_order_id(options.order_id):
        raise WrongCall(f"{options.order_id!r} is no order's id")
    found = app.deliveries.of_order(options.order_id)
    for delivery in found:
        _show(delivery, context)
    if not found:
        context.print("nothing was tried")
    return 0


def _show(delivery: Delivery, context: Context) -> None:
    context.print(f"{delivery.message_id}  {delivery.state}  {delivery.tries} tries")
    for attempt in delivery.attempts:
        result = attempt.error or f"HTTP {attempt.status}"
        context.print(f"  {attempt.at:%Y-%m-%dT%H:%M:%SZ}  {attempt.duration_ms} ms  {result}")
    if delivery.state != "DELIVERED":
        if delivery.problem:
            context.print(f"  problem   {delivery.problem}")
        if delivery.next_try_at is not None:
            context.print(f"  next try  {delivery.next_try_at:%Y-%m-%dT%H:%M:%SZ}")
