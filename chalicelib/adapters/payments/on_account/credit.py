"""Credit accounts: what a customer may buy on account, per currency, and how much of it is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chalicelib.adapters.payments.ledger import Charge, ChargeLedger
from chalicelib.domain.errors import PaymentDeclined, Reason, Refused
from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class Account:
    """`available` is below zero if the limit was lowered under what is used."""

    customer_id: str
    limit: Money
    available: Money

    @property
    def used(self) -> Money:
        return self.limit - self.available


class CreditLedger(ChargeLedger, Protocol):
    """A ledger whose charges are drawn on credit accounts: the record and the account change together or not at all."""

    def draw(self, charge: Charge) -> Charge:
        """Take the amount from the customer's account and store the record, unless its key has one; what is stored.

        Raises PaymentDeclined if the account is missing or has too little left, Contention.
        """
        ...

    def give_back(self, key: str, refund_id: str) -> Charge:
        """Undo draw(), once; what is stored. Raises Misconfigured if nothing was drawn, Contention."""
        ...

    def account(self, customer_id: str, currency: str) -> Account | None:
        """The account as it stands, strongly consistent."""
        ...

    def open_account(self, customer_id: str, limit: Money) -> Account:
        """Open the account or change its limit; what is used stays used. Raises Contention."""
        ...

    def settle(self, customer_id: str, amount: Money, reference: str) -> Account:
        """The customer has paid `amount`: it can be used again. A repeat of the same reference changes nothing.

        Raises Refused if there is no account, Contention.
        """
        ...


def no_account(customer_id: str, amount: Money) -> Refused:
    return Refused(f"customer {customer_id} has no credit account in {amount.currency}")


def exhausted(customer_id: str, amount: Money, account: Account | None) -> PaymentDeclined:
    """Why the account cannot bear the amount."""
    if account is None:
        text = f"customer {customer_id} has no credit account in {amount.currency}; choose another way to pay"
        return PaymentDeclined(Reason("no_credit_account", text, "payment.method"))
    return PaymentDeclined(
        Reason(
            "credit_exhausted",
            f"{amount} is due, but customer {customer_id} has {account.available} left of a credit of {account.limit}; "
            f"settle open invoices, raise the limit or choose another way to pay",
            "total",
        )
    )
