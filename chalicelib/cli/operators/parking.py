"""Messages that nobody could handle, in the parking queue (docs/operations.md, messages-parked).

`retry` sends a message back to the queue that it came from, when its cause is fixed; a message that is not ours stays.
`drop` deletes it for ever. The queue keeps a message for 14 days.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from chalicelib.adapters.messaging.parking_queue import ParkedMessage, SqsParking
from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone
from chalicelib.cli.parser import add_subcommand, add_subcommands
from chalicelib.domain.dead_letter_messages import UnreadableMessage, parse_message

SHOWN_CHARACTERS = 300
ALL = "all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    add_subcommand(commands, "list", "what is parked, since when, and why", _list)
    retry = add_subcommand(commands, "retry", "send back to where it came from", _retry)
    retry.add_argument("id", metavar="ID", help=f"of a message, or {ALL}")
    drop = add_subcommand(commands, "drop", "delete for ever", _drop)
    drop.add_argument("id", metavar="ID", help="of a message")


def run(options: argparse.Namespace, context: Context) -> int:
    return int(options.run(options, context, context.application(options.stage).parking))


def origin(body: str) -> str:
    """The queue that a message came from; empty if it is not one of ours."""
    try:
        parse_message(body)
    except UnreadableMessage:
        return "acknowledgements" if _is_about_an_ending(body) else ""
    return "dead-letters"


def _is_about_an_ending(body: str) -> bool:
    """Of an order, or of a batch."""
    try:
        message = json.loads(body)
    except ValueError:
        return False
    named = [message.get(name) for name in ("order_id", "batch_id", "upload_id")] if isinstance(message, dict) else []
    return "kind" not in message and any(isinstance(name, str) and name for name in named)


def _list(options: argparse.Namespace, context: Context, parking: SqsParking) -> int:
    messages = parking.messages()
    for message in messages:
        context.print(f"{message.message_id}  parked {message.parked_at:%Y-%m-%dT%H:%M:%SZ}")
        context.print(f"  of     {origin(message.body) or 'unknown origin'}")
        context.print(f"  reason {message.reason}")
        context.print(f"  body   {message.body[:SHOWN_CHARACTERS]!r}")
        parking.show_again(message)
    if not messages:
        context.print("nothing is parked")
    return 0


def _retry(options: argparse.Namespace, context: Context, parking: SqsParking) -> int:
    stayed: list[str] = []

    def send_back(message: ParkedMessage) -> None:
        queue = origin(message.body)
        if queue:
            parking.send_back(message, queue)
            context.print(f"{message.message_id} went back to {queue}")
        else:
            parking.show_again(message)
            stayed.append(message.message_id)

    if not _with_chosen(options.id, parking, send_back):
        context.print("nothing is parked")
    if stayed:
        raise NotDone(f"{', '.join(stayed)} came from no queue of ours and stay parked; drop what is not needed")
    return 0


def _drop(options: argparse.Namespace, context: Context, parking: SqsParking) -> int:
    def drop(message: ParkedMessage) -> None:
        parking.delete(message)
        context.print(f"{message.message_id} is deleted")

    if not _with_chosen(options.id, parking, drop):
        context.print("nothing is parked")
    return 0


def _with_chosen(wanted: str, parking: SqsParking, act: Callable[[ParkedMessage], None]) -> bool:
    """Whether there was one. Raises NotDone if a message that was named is not there."""
    found = False
    for message in parking.messages():
        if wanted in (ALL, message.message_id):
            found = True
            act(message)
        else:
            parking.show_again(message)
    if not found and wanted != ALL:
        raise NotDone(f"no message {wanted} is parked; `parking list` shows those that are")
    return found
