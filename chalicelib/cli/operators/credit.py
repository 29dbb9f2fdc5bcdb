"""Credit accounts of customers who pay on account (docs/payments.md).

`limit` opens the account or changes its limit; what is used stays used. `settle` frees what the customer has paid; the
same reference counts once.
"""

from __future__ import annotations

import argparse

from chalicelib.adapters.payments.on_account.credit import Account
from chalicelib.cli.context import Context
from chalicelib.cli.errors import NotDone, WrongCall
from chalicelib.cli.parser import add_subcommand, add_subcommands
from chalicelib.domain.money import InvalidMoney, Money


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = add_subcommands(parser)
    show = add_subcommand(commands, "show", "show limit, used and available", _show)
    limit = add_subcommand(commands, "limit", "open an account, or change its limit", _limit)
    settle = add_subcommand(commands, "settle", "the customer has paid: free the amount", _settle)
    for command in (show, limit, settle):
        command.add_argument("customer", metavar="CUSTOMER", help="as in the customer's orders")
    for command in (limit, settle):
        command.add_argument("amount", metavar="AMOUNT", help="such as 5000.00")
    for command in (show, limit, settle):
        command.add_argument("currency", metavar="CURRENCY", help="such as EUR")
    settle.add_argument("--reference", required=True, help="of the payment; the same one counts once")


def run(options: argparse.Namespace, context: Context) -> int:
    account = options.run(options, context)
    context.print(f"{account.customer_id}: limit {account.limit}, used {account.used}, available {account.available}")
    return 0


def _show(options: argparse.Namespace, context: Context) -> Account:
    account = context.application(options.stage).credit.account(options.customer, options.currency)
    if account is None:
        raise NotDone(f"{options.customer} has no account in {options.currency}; `credit limit` opens one")
    return account


def _settle(options: argparse.Namespace, context: Context) -> Account:
    amount = _money(options)
    if amount.minor <= 0:
        raise WrongCall(f"AMOUNT {options.amount} is no payment; give one above zero")
    return context.application(options.stage).credit.settle(options.customer, amount, options.reference)


def _limit(options: argparse.Namespace, context: Context) -> Account:
    limit = _money(options)
    if limit.minor < 0:
        raise WrongCall(f"AMOUNT {options.amount} is no limit; give zero or more")
    return context.application(options.stage).credit.open_account(options.customer, limit)


def _money(options: argparse.Namespace) -> Money:
    try:
        return Money.parse(options.amount, options.currency)
    except InvalidMoney as error:
        raise WrongCall(f"{options.amount} {options.currency} {error}; write 5000.00 EUR") from error
