"""API tokens on the command line.

    python -m chalicelib.cli.tokens create --role ingest --source sap-emea --days 90 [--label TEXT]
    python -m chalicelib.cli.tokens list [--json]
    python -m chalicelib.cli.tokens rotate ID --overlap 24h [--days N]
    python -m chalicelib.cli.tokens revoke ID

A new token is printed once, alone, on standard output (so that it can be piped into a secret store), and is not kept
anywhere. Everything else is said on standard error.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TextIO

from chalicelib.auth.issue import Issued, TokenIssuer
from chalicelib.auth.tokens import CACHE_SECONDS, Role, TokenRecord
from chalicelib.domain.errors import OrderbridgeError

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def main(arguments: Sequence[str], issuer: Callable[[], TokenIssuer], out: TextIO, err: TextIO) -> int:
    """Runs one command; 0 if it was done, 1 with a sentence if not."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options, issuer(), out, err)
    except OrderbridgeError as error:
        print(f"not done: {error}", file=err)
        return 1
    return 0


def _create(options: argparse.Namespace, issuer: TokenIssuer, out: TextIO, err: TextIO) -> None:
    issued = issuer.create(Role(options.role), options.source, timedelta(days=options.days), options.label)
    _hand_over(issued, out, err)


def _rotate(options: argparse.Namespace, issuer: TokenIssuer, out: TextIO, err: TextIO) -> None:
    issued = issuer.rotate(options.id, options.overlap, timedelta(days=options.days))
    print(f"token {options.id} stays valid for {options.overlap} more, unless it expires before that", file=err)
    _hand_over(issued, out, err)


def _revoke(options: argparse.Namespace, issuer: TokenIssuer, out: TextIO, err: TextIO) -> None:
    record = issuer.revoke(options.id)
    print(f"token {record.token_id} is revoked; within {CACHE_SECONDS} s nothing accepts it any more", file=err)


def _list(options: argparse.Namespace, issuer: TokenIssuer, out: TextIO, err: TextIO) -> None:
    now = issuer.clock.now()
    records = sorted(issuer.store.all(), key=lambda record: (record.created_at, record.token_id))
    rows = [_row(record, record.state(now)) for record in records]
    if options.json:
        print(json.dumps(rows, indent=2), file=out)
        return
    columns = ("id", "role", "source", "state", "created_at", "expires_at", "label")
    table = [columns, *(tuple(str(row[column]) for column in columns) for row in rows)]
    widths = [max(len(line[index]) for line in table) for index in range(len(columns))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), file=out)


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


def _hand_over(issued: Issued, out: TextIO, err: TextIO) -> None:
    record = issued.record
    until = record.expires_at.isoformat(timespec="minutes")
    scope = f" for {record.source}" if record.source else ""
    print(f"token {record.token_id}: {record.role}{scope}, valid until {until}; shown only now:", file=err)
    print(issued.token, file=out)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,4})([mhd])", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError("write a number and m, h or d, such as 24h")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text, re.ASCII):
        raise argparse.ArgumentTypeError("write a whole number of days, such as 90")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.tokens",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    create = commands.add_parser("create", help="make a token and print it")
    create.add_argument("--role", required=True, choices=[role.value for role in Role])
    create.add_argument("--source", default="", help="the ERP that an ingest token may post for")
    create.add_argument("--days", type=_days, default=90, help="lifetime (90)")
    create.add_argument("--label", default="", help="whose it is; shown in lists and in the events of commands")
    create.set_defaults(run=_create)

    show = commands.add_parser("list", help="all tokens, without their secrets")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=_list)

    rotate = commands.add_parser("rotate", help="make a successor; both are valid for a while")
    rotate.add_argument("id")
    rotate.add_argument("--overlap", type=_duration, required=True, help="how long the old one stays valid: 24h")
    rotate.add_argument("--days", type=_days, default=90, help="lifetime of the new one (90)")
    rotate.set_defaults(run=_rotate)

    revoke = commands.add_parser("revoke", help="make a token useless")
    revoke.add_argument("id")
    revoke.set_defaults(run=_revoke)
    return parser


def _desk() -> TokenIssuer:
    """Wired as the application is; asked for only when the command line is right."""
    import secrets

    from chalicelib.cli.context import operator_application

    app = operator_application()
    return TokenIssuer(app.tokens, app.clock, secrets.token_bytes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _desk, sys.stdout, sys.stderr))
