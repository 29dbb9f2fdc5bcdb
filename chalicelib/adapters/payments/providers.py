"""The payment providers there are. A further one is a package beside these, a line here, and its part of the docs."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.payments import on_account, sandbox, stripe
from chalicelib.adapters.payments.provider import CARD, Provider
from chalicelib.domain.errors import Misconfigured

PROVIDERS: tuple[Provider, ...] = (sandbox.PROVIDER, stripe.PROVIDER, on_account.PROVIDER)


def card_provider(name: str, providers: Sequence[Provider] = PROVIDERS) -> Provider:
    """The provider that a stage has chosen for cards. Raises Misconfigured, naming the variable and those there are."""
    choice = {provider.name: provider for provider in providers if provider.method == CARD}
    if name not in choice:
        raise Misconfigured(f"ORDERBRIDGE_PAYMENT_GATEWAY is {name!r}: use one of {', '.join(choice)}")
    return choice[name]
