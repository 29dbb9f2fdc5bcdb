"""The descriptions of the payment providers, and how a stage chooses one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib.adapters.payments.provider import CARD, Means, Provider
from chalicelib.adapters.payments.providers import PROVIDERS, card_provider
from chalicelib.domain.errors import Misconfigured
from chalicelib.ports import PaymentGateway
from chalicelib.settings import Settings
from chalicelib.wiring.application import Application
from tests.support import acme

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {"ORDERBRIDGE_STAGE": "dev", "AWS_REGION": "eu-central-1", "ORDERBRIDGE_ACCOUNT_ID": "123456789012"}
HEAVY = {"stripe", "requests", "urllib3", "boto3", "botocore"}

each_provider = pytest.mark.parametrize("provider", [*PROVIDERS, acme.PROVIDER], ids=lambda provider: provider.name)


def test_the_descriptions_import_nothing_heavy() -> None:
    """Every function imports them when it starts."""
    code = "import sys, chalicelib.adapters.payments.providers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE)
    assert not HEAVY & set(done.stdout.split())


def test_a_name_stands_for_one_provider_and_a_method_other_than_card_too() -> None:
    assert set(Counter(provider.name for provider in PROVIDERS).values()) == {1}
    others = Counter(provider.method for provider in PROVIDERS if provider.method != CARD)
    assert others == {"on_account": 1}


@each_provider
def test_a_description_is_complete(provider: Provider) -> None:
    assert all(name.startswith("ORDERBRIDGE_") for name in provider.variables)
    assert provider.stand_in in ("", *provider.variables)
    assert bool(provider.calls) == bool(provider.longest_call_s) == bool(provider.stand_in)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_a_provider_and_its_settings_are_in_the_docs(provider: Provider) -> None:
    docs = (ROOT / "docs" / "payments.md").read_text()
    for word in (provider.name, *provider.variables):
        assert word in docs


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_secrets_of_a_provider_are_in_the_docs(provider: Provider) -> None:
    page = (ROOT / "docs" / "data-model.md").read_text()
    arns = [arn for grant in provider.grants for arn in grant.statement(Settings.read(ENVIRONMENT))["Resource"]]
    names = [arn.split(":secret:")[1].removesuffix("-??????") for arn in arns if ":secret:" in arn]
    assert all(f"`{name.replace('/dev/', '/<stage>/')}`" in page for name in names)
    assert bool(names) == bool(provider.calls)


def test_the_sandbox_takes_cards_where_nothing_is_said() -> None:
    assert card_provider(Settings.read(ENVIRONMENT).payment_gateway).name == "sandbox"
    assert card_provider(Settings.read({**ENVIRONMENT, "ORDERBRIDGE_PAYMENT_GATEWAY": "stripe"}).payment_gateway).calls


@pytest.mark.parametrize("choice", ["paypal", "on_account", "Stripe"])
def test_a_choice_that_takes_no_cards_is_refused_by_every_function_when_it_starts(choice: str) -> None:
    settings = Settings.read({**ENVIRONMENT, "ORDERBRIDGE_PAYMENT_GATEWAY": choice})
    expected = f"^ORDERBRIDGE_PAYMENT_GATEWAY is '{choice}': use one of sandbox, stripe$"
    with pytest.raises(Misconfigured, match=expected):
        Application(settings)


def test_a_provider_is_told_its_own_variables_only() -> None:
    told: list[Mapping[str, str]] = []

    def make(means: Means, variables: Mapping[str, str]) -> PaymentGateway:
        told.append(variables)
        return acme.PROVIDER.make(means, variables)

    settings = Settings.read({**ENVIRONMENT, acme.MERCHANT: "4711", "ORDERBRIDGE_STRIPE_API_BASE": "http://stand-in"})
    acme.PROVIDER._replace(make=make).gateway(Application(settings, lambda *_: None))
    assert told == [{acme.API_BASE: "", acme.MERCHANT: "4711"}]
