"""Credit accounts of customers who pay on account, on the command line.

    python -m chalicelib.cli.credit show C-1001 EUR
    python -m chalicelib.cli.credit limit C-1001 5000.00 EUR
    python -m chalicelib.cli.credit settle C-1001 149.90 EUR --reference PAYMENT-2026-0815

`limit` opens the account or changes its limit; what is used stays used. `settle` frees what the customer has paid; the
same reference counts once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from chalicelib.adapters.payments.on_account.credit import Account, CreditLedger
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.domain.money import InvalidMoney, Money


def main(arguments: Sequence[str], ledger: Callable[[], CreditLedger], out: TextIO) -> int:
    """Runs one command; 0 if it was done, 1 with a sentence if not."""
    options = _parser().parse_args(arguments)
    try:
        account = options.run(options, ledger)
    except (OrderbridgeError, InvalidMoney) as error:
        print(f"not done: {error}", file=out)
        return 1
    print(describe(account) if account else f"{options.customer} has no account in {options.currency}", file=out)
    return 0 if account else 1


def describe(account: Account) -> str:
    return f"{account.customer_id}: limit {account.limit}, used {account.used}, available {account.available}"


def _show(options: argparse.Namespace, ledger: Callable[[], CreditLedger]) -> Account | None:
    return ledger().account(options.customer, options.currency)


def _settle(options: argparse.Namespace, ledger: Callable[[], CreditLedger]) -> Account:
    amount = Money.parse(options.amount, options.currency)
    if amount.minor <= 0:
        raise InvalidMoney("a payment must be above zero")
    return ledger().settle(options.customer, amount, options.reference)


def _limit(options: argparse.Namespace, ledger: Callable[[], CreditLedger]) -> Account:
    limit = Money.parse(options.amount, options.currency)
    if limit.minor < 0:
        raise InvalidMoney("a limit must not be negative")
    return ledger().open_account(options.customer, limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.cli.credit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="limit, used and available")
    limit = commands.add_parser("limit", help="open an account or change its limit")
    settle = commands.add_parser("settle", help="the customer has paid: free the amount")
    for command in (show, limit, settle):
        command.add_argument("customer")
    for command in (limit, settle):
        command.add_argument("amount", help="such as 5000.00")
    for command in (show, limit, settle):
        command.add_argument("currency", help="such as EUR")
    settle.add_argument("--reference", required=True, help="of the payment; the same one counts once")
    show.set_defaults(run=_show)
    settle.set_defaults(run=_settle)
    limit.set_defaults(run=_limit)
    return parser


def _ledger() -> CreditLedger:
    """Wired as the application is; asked for only when the command line is right."""
    from chalicelib.cli.context import operator_application

    return operator_application().credit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _ledger, sys.stdout))
