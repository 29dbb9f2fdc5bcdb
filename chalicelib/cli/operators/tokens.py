"""API tokens: who may call the API, and as what (docs/api.md).

A new token is printed once, alone, on standard output (so that it can be piped into a secret store), and is not kept
anywhere. Everything else is said on standard error.
"""

from __future__ import annotations

import argparse
import json
import re
from datetime import timedelta
from typing import Any

from chalicelib.auth.issue import Issued, TokenIssuer
from chalicelib.auth.tokens import CACHE_SECONDS, Role, TokenRecord
from chalicelib.cli.context import Context
from chalicelib.cli.parser import add_subcommand, add_subcommands

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    create = add_subcommand(commands, "create", "make a token and print it", _create)
    roles = [role.value for role in Role]
    create.add_argument("--role", required=True, choices=roles, metavar="ROLE", help=", ".join(roles))
    create.add_argument("--source", default="", help="the ERP that an ingest token may post for")
    create.add_argument("--days", type=_days, default=90, help="lifetime; default: 90")
    create.add_argument("--label", default="", help="whose it is; shown in lists and in the events of commands")

    show = add_subcommand(commands, "list", "all tokens, without their secrets", _list)
    show.add_argument("--json", action="store_true", help="for programs")

    rotate = add_subcommand(commands, "rotate", "make a successor; both are valid for a while", _rotate)
    rotate.add_argument("id", metavar="ID", help="of the token, as the list shows it")
    rotate.add_argument("--overlap", type=_duration, required=True, help="how long the old one stays valid: 24h")
    rotate.add_argument("--days", type=_days, default=90, help="lifetime of the new one; default: 90")

    revoke = add_subcommand(commands, "revoke", "make a token useless", _revoke)
    revoke.add_argument("id", metavar="ID", help="of the token, as the list shows it")


def run(options: argparse.Namespace, context: Context) -> int:
    options.run(options, context, context.application(options.stage).token_issuer)
    return 0


def _create(options: argparse.Namespace, context: Context, issuer: TokenIssuer) -> None:
    issued = issuer.create(Role(options.role), options.source, timedelta(days=options.days), options.label)
    _hand_over(issued, context)


def _rotate(options: argparse.Namespace, context: Context, issuer: TokenIssuer) -> None:
    issued = issuer.rotate(options.id, options.overlap, timedelta(days=options.days))
    context.note(f"token {options.id} stays valid for {options.overlap} more, unless it expires before that")
    _hand_over(issued, context)


def _revoke(options: argparse.Namespace, context: Context, issuer: TokenIssuer) -> None:
    record = issuer.revoke(options.id)
    context.note(f"token {record.token_id} is revoked; within {CACHE_SECONDS} s nothing accepts it any more")


def _list(options: argparse.Namespace, context: Context, issuer: TokenIssuer) -> None:
    now = issuer.clock.now()
    records = sorted(issuer.store.all(), key=lambda record: (record.created_at, record.token_id))
    rows = [_row(record, record.state(now)) for record in records]
    if options.json:
        context.print(json.dumps(rows, indent=2))
        return
    columns = ("id", "role", "source", "state", "created_at", "expires_at", "label")
    table = [columns, *(tuple(str(row[column]) for column in columns) for row in rows)]
    widths = [max(len(line[index]) for line in table) for index in range(len(columns))]
    for line in table:
        context.print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _row(record: TokenRecord, state: str) -> dict[str, Any]:
    return {
        "id": record.token_id,
        "role": record.role.value,
        "source": record.source or "-",
        "state": state,
        "created_at": record.created_at.isoformat(timespec="minutes"),
        "expires_at": record.expires_at.isoformat(timespec="minutes"),
        "label": record.label,
    }


def _hand_over(issued: Issued, context: Context) -> None:
    record = issued.record
    until = record.expires_at.isoformat(timespec="minutes")
    scope = f" for {record.source}" if record.source else ""
    context.note(f"token {record.token_id}: {record.role}{scope}, valid until {until}; shown only now:")
    context.print(issued.token)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,4})([mhd])", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError("write a number and m, h or d, such as 24h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text, re.ASCII):
        raise argparse.ArgumentTypeError("write a whole number of days, such as 90")
    return int(text)
