"""A provider that the system has never heard of keeps the payment contract, wired from its description alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.payments.providers import PROVIDERS
from chalicelib.deploy.config.stages import STAGES
from chalicelib.domain.errors import CircuitOpen, DependencyUnavailable, Misconfigured, PaymentDeclined
from chalicelib.domain.money import Money
from chalicelib.ports import PaymentGateway, PaymentRequest
from chalicelib.settings import Settings
from chalicelib.wiring.application import Application
from tests.contract.payments.payment_contract import PaymentContract, card, on_account
from tests.support import acme
from tests.support.acme.sdk import PASSWORD, SERVERS, AcmeServer
from tests.support.aws import SETTINGS, moto_client, moto_dynamodb

ADDRESS = "acme://test"
STAGE = replace(
    STAGES["dev"],
    name=SETTINGS.stage,
    payment_gateway="acme",
    payment_variables={acme.API_BASE: ADDRESS, acme.MERCHANT: "4711"},
)
ENVIRONMENT = {
    **STAGE.environment(),
    "AWS_REGION": SETTINGS.region,
    "ORDERBRIDGE_ACCOUNT_ID": SETTINGS.account_id,
}


def application(environment: dict[str, str]) -> Application:
    """As a function of the stage makes it; AWS is moto."""
    return Application(
        Settings.read(environment),
        lambda service, *_: moto_client(service),
        FixedClock(),
        SequentialIds(),
        providers=(*PROVIDERS, acme.PROVIDER),
    )


@pytest.fixture
def server() -> Iterator[AcmeServer]:
    SERVERS[ADDRESS] = server = AcmeServer()
    with moto_dynamodb():
        moto_client("secretsmanager").create_secret(
            Name=f"orderbridge/{SETTINGS.stage}/{acme.SECRET}", SecretString=PASSWORD
        )
        yield server
    SERVERS.clear()


class TestNewProvider(PaymentContract):
    """Behind the router, the failure switches and the circuit breaker, as deployed."""

    parallel = False
    server: AcmeServer

    @pytest.fixture
    def adapter(self, server: AcmeServer) -> PaymentGateway:
        self.server = server
        return application(ENVIRONMENT).payments

    @pytest.fixture
    def paying(self) -> PaymentRequest:
        return card("rich")

    @pytest.fixture
    def declining(self) -> PaymentRequest:
        return card("poor")

    def charged(self, adapter: PaymentGateway) -> list[Money]:
        return [Money(charge.minor, charge.currency) for charge in self.server.made]

    def test_the_other_methods_are_still_served(self, adapter: PaymentGateway) -> None:
        with pytest.raises(PaymentDeclined, match="no credit account"):
            adapter.capture(on_account())


def test_a_setting_that_it_misses_is_named(server: AcmeServer) -> None:
    with pytest.raises(Misconfigured, match="ORDERBRIDGE_ACME_MERCHANT is not set: set it to the number"):
        _ = application({**ENVIRONMENT, acme.MERCHANT: ""}).payments


def test_it_has_the_failure_switches_and_the_circuit_of_card_payments(server: AcmeServer) -> None:
    from chalicelib.adapters.fault_injection.switches import Mode, Switch

    app = application(ENVIRONMENT)
    app.switches.on(Switch("payment", Mode.UNAVAILABLE))
    raised = []
    for _ in range(6):
        with pytest.raises((DependencyUnavailable, CircuitOpen)) as error:
            app.payments.capture(card("rich"))
        raised.append(error.type)
    assert raised == [DependencyUnavailable] * 5 + [CircuitOpen]
    assert server.made == []
