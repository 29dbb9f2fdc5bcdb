"""Which token does what in the sandbox: Stripe's test PaymentMethods, and our own for rehearsing outages.

Source of the first: https://docs.stripe.com/testing, names of the "PaymentMethods" tab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BRANDS = ("visa", "visa_debit", "mastercard", "mastercard_debit", "mastercard_prepaid")
MORE_BRANDS = ("amex", "discover", "diners", "jcb", "unionpay")
SUCCEEDING = frozenset(f"pm_card_{brand}" for brand in (*BRANDS, *MORE_BRANDS))

_DECLINED = {
    "": "generic_decline",
    "ExpiredCard": "expired_card",
    "Fraudulent": "fraudulent",
    "IncorrectCvc": "incorrect_cvc",
    "InsufficientFunds": "insufficient_funds",
    "LostCard": "lost_card",
    "ProcessingError": "processing_error",
    "StolenCard": "stolen_card",
    "VelocityLimitExceeded": "card_velocity_exceeded",
}
DECLINING = {
    f"pm_card_{brand}chargeDeclined{suffix}": code
    for suffix, code in _DECLINED.items()
    for brand in ("", "visa_")  # Stripe's names have a brand in some cases and none in others: both are taken
} | {
    "pm_card_authenticationRequired": "authentication_required",
    "pm_card_chargeCustomerFail": "generic_decline",
    "pm_card_radarBlock": "fraudulent",
}
"""Token -> decline code."""

_REHEARSAL = re.compile(r"pm_sandbox_(timeout_before|timeout_after_capture|unavailable|slow)(?:_([1-9][0-9]?))?\Z")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a token of ours rehearses.

    kind                   token                                  what the order meets
    timeout_before         pm_sandbox_timeout_before[_N]          the first N calls time out, nothing is charged
    timeout_after_capture  pm_sandbox_timeout_after_capture       the call that charges times out
    unavailable            pm_sandbox_unavailable[_N]             the first N calls are refused
    slow                   pm_sandbox_slow[_N]                    every capture takes N seconds

    N is 1 to 99, 1 if it is left out. After that the payment succeeds.
    """

    kind: str
    count: int

    @classmethod
    def of(cls, token: str) -> Rehearsal | None:
        match = _REHEARSAL.match(token)
        return cls(match[1], int(match[2] or 1)) if match else None
