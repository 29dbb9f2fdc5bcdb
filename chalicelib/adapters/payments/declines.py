"""Why a card was refused, in words for the people who handle orders. The codes are those of Stripe.

Source: https://docs.stripe.com/declines/codes. For lost, stolen and suspicious cards Stripe asks not to name the true
reason to the customer, so the sentence, which may reach him, does not; the code, which stays in the ERP, does.
"""

from __future__ import annotations

from chalicelib.domain.errors import PaymentDeclined, Reason

FIELD = "payment.token"
"""The field of the order to change."""

_ANOTHER = "ask the customer for another card or another way to pay"
_BANK = "the customer's bank refused the card"
_SECURITY = f"{_BANK} for security reasons; {_ANOTHER}"
_LATER = "could not be processed just now; send the order again later"

_SENTENCES = {
    "authentication_required": f"the bank wants the customer to approve the payment himself; {_ANOTHER}, or let him pay"
    " in the shop",
    "approve_with_id": f"the payment {_LATER}",
    "call_issuer": f"{_BANK}; the customer can ask the bank why, or pay in another way",
    "card_not_supported": f"the card cannot be used for this kind of purchase; {_ANOTHER}",
    "card_velocity_exceeded": f"the card has been used too often or for too much lately; {_ANOTHER}",
    "currency_not_supported": f"the card cannot be charged in this currency; {_ANOTHER}",
    "do_not_honor": f"{_BANK}; the customer can ask the bank why, or pay in another way",
    "duplicate_transaction": f"{_BANK} because it has just seen the same payment; check what the customer has paid",
    "expired_card": f"the card has expired; {_ANOTHER}",
    "fraudulent": _SECURITY,
    "generic_decline": f"{_BANK} and gave no reason; {_ANOTHER}",
    "incorrect_cvc": f"the security code of the card is wrong; {_ANOTHER}",
    "incorrect_number": f"the number of the card is wrong; {_ANOTHER}",
    "insufficient_funds": f"there is not enough money or credit on the card for this amount; {_ANOTHER}",
    "invalid_account": f"the account behind the card does not exist any more; {_ANOTHER}",
    "invalid_amount": f"{_BANK} because of the amount; {_ANOTHER}",
    "issuer_not_available": f"the bank could not be reached and the payment {_LATER}",
    "lost_card": _SECURITY,
    "merchant_blacklist": _SECURITY,
    "pickup_card": _SECURITY,
    "processing_error": f"the payment {_LATER}",
    "restricted_card": _SECURITY,
    "stolen_card": _SECURITY,
    "transaction_not_allowed": f"{_BANK} for this kind of purchase; {_ANOTHER}",
    "try_again_later": f"the payment {_LATER}",
    "withdrawal_count_limit_exceeded": f"there is not enough money or credit on the card for this amount; {_ANOTHER}",
}


def decline_code(code: str | None, detail: str | None) -> str:
    """Stripe gives a code (card_declined, expired_card ...) and sometimes a detail: the more telling of the two."""
    return detail or (code if code and code != "card_declined" else "generic_decline")


def card_declined(code: str) -> PaymentDeclined:
    """The card was refused; `code` is the provider's decline code. One that we do not know gets a general sentence."""
    sentence = _SENTENCES.get(code, f"{_BANK}; {_ANOTHER}")
    return PaymentDeclined(Reason(f"card_declined.{code}", sentence, FIELD))


def unknown_token(hint: str) -> PaymentDeclined:
    """The provider does not know the token. The token itself is not repeated: it may be worth money."""
    return PaymentDeclined(
        Reason("unknown_payment_token", f"the payment provider does not know this token; {hint}", FIELD)
    )
