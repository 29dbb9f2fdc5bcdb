"""Payments on the customer's credit account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from chalicelib.adapters.payments.provider import Means, Provider
from chalicelib.ports import PaymentGateway

if TYPE_CHECKING:
    from chalicelib.adapters.payments.on_account.credit import CreditLedger

NAME = "on_account"


class MeansWithCredit(Means, Protocol):
    """A ledger whose charges are drawn on credit accounts, besides."""

    @property
    def credit(self) -> CreditLedger: ...


def _make(means: MeansWithCredit, _: Mapping[str, str]) -> PaymentGateway:
    from chalicelib.adapters.payments.on_account.gateway import OnAccountGateway

    return OnAccountGateway(means.credit, means.clock, means.ids)


PROVIDER = Provider(NAME, _make, method=NAME)
"""There is nobody to call: the accounts are in the table of payments, as the charges are."""
