"""Amounts as Stripe counts them, which is not always as ISO 4217 does: a wrong unit charges a hundred times too much.

Source: https://docs.stripe.com/currencies, "Minor units in API amounts" and "Special cases".
"""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.errors import PaymentDeclined, Reason
from chalicelib.domain.money import MINOR_UNITS, Money

STRIPE_DECIMALS = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Where Stripe differs: ISK and UGX count in hundredths that are always 00, MGA counts in whole ariary."""

MAX_DECIMALS = 3

THREE_DECIMALS_STEP = 10
"""In currencies with three decimals the last digit must be 0."""


def stripe_amount(money: Money) -> int:
    """`money` in the units of Stripe. Raises PaymentDeclined for an amount that Stripe cannot charge exactly."""
    decimals = MINOR_UNITS[money.currency]
    if decimals > MAX_DECIMALS:
        raise PaymentDeclined(
            Reason("amount_not_chargeable", f"cards cannot be charged in {money.currency}", "currency")
        )
    scaled = Decimal(money.minor).scaleb(STRIPE_DECIMALS.get(money.currency, decimals) - decimals)
    units, rest = int(scaled), scaled % 1
    if decimals == 3:
        rest = scaled % THREE_DECIMALS_STEP
    if rest:
        text = f"cards cannot be charged exactly {money}: round the total, the last digit must be 0"
        raise PaymentDeclined(Reason("amount_not_chargeable", text, "total"))
    return units
