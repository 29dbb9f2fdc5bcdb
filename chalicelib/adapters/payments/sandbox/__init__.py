"""A payment provider without money, for stages that are no production."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.adapters.payments.provider import Means, Provider
from chalicelib.ports import PaymentGateway

NAME = "sandbox"


def _make(means: Means, _: Mapping[str, str]) -> PaymentGateway:
    from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway

    return SandboxGateway(means.charges, means.clock, means.ids)


PROVIDER = Provider(NAME, _make)
"""It calls nobody. What a token makes it wait is a rehearsal, which may well outlast its step."""
