"""Money as an integer number of minor units, so that no rounding happens unseen and no float ever appears.

The number of decimals of each currency is that of ISO 4217 (list one, 2026-01-01): every code that has a minor unit,
funds included, but not metals, units of account and codes for testing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN
NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_FUNDS_OF_TWO_DECIMALS = "BOV CHE CHW COU MXV USN XAD"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DECIMALS = "CLF UYW"

MINOR_UNITS: dict[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_FUNDS_OF_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(_FOUR_DECIMALS.split(), 4),
}
"""Currency code -> decimals."""

MAX_MINOR = 10**15
"""The largest amount, in minor units: ten trillion euros; beyond it an input is a mistake."""

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?\Z", re.ASCII)


class InvalidMoney(ValueError):
    """Not an amount of that currency; the message says what is wrong and how to write it."""


def parse_decimal(text: str) -> Decimal:
    """A plain decimal ("12.50"): no exponent, no thousands separators, no NaN, no leading zeros.

    Raises InvalidMoney.
    """
    if not _DECIMAL.match(text):
        raise InvalidMoney('must be a plain decimal number such as "12.50"')
    return Decimal(text)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount: `minor` units (cents) of `currency` (ISO 4217 code)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in MINOR_UNITS:
            raise InvalidMoney("is not an ISO 4217 currency code")
        if not -MAX_MINOR <= self.minor <= MAX_MINOR:
            raise InvalidMoney("is too large to be an amount of an order")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """ "12.50", "EUR" -> 1250 cents. Refuses more decimals than the currency has, rather than round them."""
        if currency not in MINOR_UNITS:
            raise InvalidMoney("is not an ISO 4217 currency code")
        scaled = parse_decimal(text).scaleb(MINOR_UNITS[currency])
        if scaled != scaled.to_integral_value():
            raise InvalidMoney(f"has more decimals than {currency} has ({MINOR_UNITS[currency]})")
        return cls(int(scaled), currency)

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> Money:
        """A computed amount, rounded half up to the minor unit (what commercial invoices do)."""
        scaled = amount.scaleb(MINOR_UNITS[currency])
        return cls(int(scaled.to_integral_value(ROUND_HALF_UP)), currency)

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidMoney(f"cannot combine {self.currency} and {other.currency}")

    @property
    def amount(self) -> str:
        """The decimal string: "12.50", "-3.00", JPY "1500", KWD "1.250"."""
        return str(Decimal(self.minor).scaleb(-MINOR_UNITS[self.currency]))

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
