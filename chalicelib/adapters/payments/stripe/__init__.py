"""Payments through Stripe."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.adapters.aws.grant import read_secret
from chalicelib.adapters.payments.provider import Means, Provider
from chalicelib.ports import PaymentGateway

NAME = "stripe"
SECRET = "stripe"
API_BASE = "ORDERBRIDGE_STRIPE_API_BASE"

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 10.0


def _make(means: Means, variables: Mapping[str, str]) -> PaymentGateway:
    from chalicelib.adapters.payments.stripe.api import StripeApi
    from chalicelib.adapters.payments.stripe.gateway import StripeGateway
    from chalicelib.adapters.payments.stripe.key import StripeKey

    stand_in = variables[API_BASE]  # such as localstripe, which does not know off_session
    api = StripeApi(StripeKey(means.secret(SECRET)), stand_in, off_session=not stand_in)
    return StripeGateway(api, means.charges, means.clock)


PROVIDER = Provider(
    NAME,
    _make,
    grants=(read_secret("CallStripe", SECRET),),
    variables=(API_BASE,),
    stand_in=API_BASE,
    longest_call_s=CONNECT_TIMEOUT_S + READ_TIMEOUT_S,
    calls=2,
)
"""Two calls: an intent is made, then confirmed; three after a collision. A call is as long if its answer does not
trickle."""
