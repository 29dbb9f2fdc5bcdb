"""What Stripe's errors mean to us. Source: https://docs.stripe.com/error-low-level and /error-codes.

Stripe's own texts are never passed on: they quote tokens. The request id is; with it Stripe's log shows everything.
"""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.payments import DEPENDENCY
from chalicelib.adapters.payments.declines import card_declined, decline_code, unknown_token
from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
    PaymentDeclined,
    Reason,
)

_SENTENCES = {  # of the parameters that come from the order; all others are our own doing
    "amount": "the card provider cannot charge this amount; it may be too small or too large",
    "currency": "the card provider does not support this currency",
}
_FIELDS = {"amount": "total", "currency": "currency"}
_UNUSABLE_TOKEN = "get a new one from the customer: it may be wrong, used up or of another account"


def stripe_error_translated(error: Any, refers_to: str = "") -> OrderbridgeError:
    """The domain's error for a stripe.StripeError. `refers_to`: the parameter that names an object, if one does."""
    import stripe

    if isinstance(error, stripe.APIConnectionError):
        return _without_answer(error)
    if isinstance(error, stripe.CardError):
        return card_declined(decline_code(_code(error), getattr(error.error, "decline_code", None)))
    if isinstance(error, stripe.RateLimitError):
        if _code(error) == "lock_timeout":
            return Contention(f"stripe: another request works on the same object ({_trace(error)})")
        return DependencyUnavailable(DEPENDENCY, f"stripe limits our rate ({_trace(error)})")
    if error.http_status == 409:
        return Contention(f"stripe: the same request is under way ({_trace(error)})")
    if error.http_status is not None and error.http_status >= 500:
        return DependencyUnavailable(DEPENDENCY, f"stripe failed ({_trace(error)})")
    if isinstance(error, stripe.InvalidRequestError):
        param = error.param or (refers_to if error.http_status == 404 else "")
        if param == "payment_method":
            return unknown_token(_UNUSABLE_TOKEN)
        if param in _FIELDS:
            return PaymentDeclined(
                Reason(f"card_refused.{_code(error) or 'invalid'}", _SENTENCES[param], _FIELDS[param])
            )
    return Misconfigured(f"stripe refuses our requests ({_trace(error)}): check the API key and the account")


def key_is_spent(error: Any) -> bool:
    """The idempotency key is of no use any more: it stands for other parameters, or for a failure inside Stripe."""
    import stripe

    if isinstance(error, stripe.IdempotencyError):
        return True
    replayed = {name.lower(): value for name, value in error.headers.items()}.get("idempotent-replayed") == "true"
    return replayed and error.http_status is not None and error.http_status >= 500


def _without_answer(error: Any) -> OrderbridgeError:
    """Nothing was sent, or nobody knows. A request refused by the network never reached Stripe."""
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError

    cause = error.__cause__
    reason = getattr(cause.args[0], "reason", None) if cause is not None and cause.args else None
    kind = type(cause).__name__
    if isinstance(cause, exceptions.SSLError):
        return Misconfigured("stripe's certificate is not accepted: something intercepts the connection")
    if isinstance(cause, exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return DependencyUnavailable(DEPENDENCY, f"stripe cannot be reached ({kind})")
    return DependencyTimeout(DEPENDENCY, f"no answer from stripe ({kind})")


def _code(error: Any) -> str:
    """From the body: not every class of the SDK takes it over."""
    return str(getattr(error.error, "code", None) or "")


def _trace(error: Any) -> str:
    """Enough to find the request in Stripe's log: status, code, request id."""
    parts = (f"HTTP {error.http_status}", _code(error), error.request_id)
    return ", ".join(str(part) for part in parts if part)
