"""A payment provider that nobody has heard of, made as docs/payments.md says: a package that exports PROVIDER."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.adapters.aws.grant import Grant, read_secret
from chalicelib.adapters.payments.provider import Means, Provider
from chalicelib.domain.errors import Misconfigured
from chalicelib.ports import PaymentGateway

API_BASE = "ORDERBRIDGE_ACME_API_BASE"
MERCHANT = "ORDERBRIDGE_ACME_MERCHANT"
SECRET = "acme/password"


def _make(means: Means, variables: Mapping[str, str]) -> PaymentGateway:
    from tests.support.acme.gateway import AcmeGateway
    from tests.support.acme.sdk import AcmeClient

    if not variables[MERCHANT]:
        raise Misconfigured(f"{MERCHANT} is not set: set it to the number that Acme has given you")
    return AcmeGateway(AcmeClient(variables[API_BASE], variables[MERCHANT], means.secret(SECRET).value))


PROVIDER = Provider(
    "acme",
    _make,
    grants=(
        read_secret("ReadAcmePassword", SECRET),
        Grant("SignForAcme", ("kms:Sign",), (lambda settings: settings.arn("kms", f"alias/{settings.name('acme')}"),)),
    ),
    variables=(API_BASE, MERCHANT),
    stand_in=API_BASE,
    longest_call_s=9.0,
    calls=3,
)
