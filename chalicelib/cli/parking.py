"""Messages that nobody could handle, in the parking queue, on the command line.

    python -m chalicelib.cli.parking list [--stage S]
    python -m chalicelib.cli.parking retry ID|all [--stage S]
    python -m chalicelib.cli.parking drop ID [--stage S]

`retry` sends a message back to the queue that it came from, when its cause is fixed; a message that is not ours stays.
`drop` deletes it for ever. The queue keeps a message for 14 days. (docs/operations.md, messages-parked)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from chalicelib.adapters.messaging.parking_queue import ParkedMessage
from chalicelib.domain.dead_letter_messages import UnreadableMessage, parse_message
from chalicelib.domain.errors import OrderbridgeError

SHOWN_CHARACTERS = 300
ALL = "all"


class Parking(Protocol):
    """See adapters.parking."""

    def messages(self) -> list[ParkedMessage]: ...

    def show_again(self, message: ParkedMessage) -> None: ...

    def send_back(self, message: ParkedMessage, queue: str) -> None: ...

    def delete(self, message: ParkedMessage) -> None: ...


def main(arguments: Sequence[str], parking: Callable[[str], Parking], out: TextIO) -> int:
    """Runs one command; 0 if it was done, 1 with a sentence if not. `parking` takes the stage."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options, parking(options.stage), out))
    except OrderbridgeError as error:
        print(f"not done: {error}", file=out)
        return 1


def origin(body: str) -> str:
    """The queue that a message came from; empty if it is not one of ours."""
    try:
        parse_message(body)
    except UnreadableMessage:
        return "acknowledgements" if _names_an_order(body) else ""
    return "dead-letters"


def _names_an_order(body: str) -> bool:
    try:
        message = json.loads(body)
    except ValueError:
        return False
    return isinstance(message, dict) and "kind" not in message and isinstance(message.get("order_id"), str)


def _list(options: argparse.Namespace, parking: Parking, out: TextIO) -> int:
    messages = parking.messages()
    for message in messages:
        print(f"{message.message_id}  parked {message.parked_at:%Y-%m-%dT%H:%M:%SZ}", file=out)
        print(f"  of     {origin(message.body) or 'unknown origin'}", file=out)
        print(f"  reason {message.reason}", file=out)
        print(f"  body   {message.body[:SHOWN_CHARACTERS]!r}", file=out)
        parking.show_again(message)
    if not messages:
        print("nothing is parked", file=out)
    return 0


def _retry(options: argparse.Namespace, parking: Parking, out: TextIO) -> int:
    return _with_chosen(options.id, parking, out, lambda message: _send_back(message, parking, out))


def _drop(options: argparse.Namespace, parking: Parking, out: TextIO) -> int:
    def drop(message: ParkedMessage) -> None:
        parking.delete(message)
        print(f"{message.message_id} is deleted", file=out)

    return _with_chosen(options.id, parking, out, drop)


def _send_back(message: ParkedMessage, parking: Parking, out: TextIO) -> None:
    queue = origin(message.body)
    if queue:
        parking.send_back(message, queue)
        print(f"{message.message_id} went back to {queue}", file=out)
    else:
        parking.show_again(message)
        print(f"{message.message_id} is not one of ours and stays: drop it", file=out)


def _with_chosen(wanted: str, parking: Parking, out: TextIO, act: Callable[[ParkedMessage], None]) -> int:
    found = False
    for message in parking.messages():
        if wanted in (ALL, message.message_id):
            found = True
            act(message)
        else:
            parking.show_again(message)
    if not found:
        print("nothing is parked" if wanted == ALL else f"no message {wanted} is parked", file=out)
    return 0 if found or wanted == ALL else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.parking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("list", help="what is parked, and why")
    show.set_defaults(run=_list)
    retry = commands.add_parser("retry", help="send back to where it came from")
    retry.add_argument("id", help=f"of a message, or {ALL}")
    retry.set_defaults(run=_retry)
    drop = commands.add_parser("drop", help="delete for ever")
    drop.add_argument("id", help="of a message")
    drop.set_defaults(run=_drop)
    for command in (show, retry, drop):
        command.add_argument("--stage", default="", help="such as prod; default: ORDERBRIDGE_STAGE")
    return parser


def _wired(stage: str) -> Parking:
    """As the stage has it; asked for only when the command line is right."""
    from chalicelib.adapters.messaging.parking_queue import SqsParking
    from chalicelib.cli.context import operator_application

    app = operator_application(stage)
    queues = {name: app.queue_url(name) for name in ("acknowledgements", "dead-letters")}
    return SqsParking(app.client("sqs"), app.queue_url("parking"), queues)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _wired, sys.stdout))
