"""The payment contract, kept by the sandbox in memory and on DynamoDB (moto, and the local AWS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.adapters.aws.clients import ATTEMPTS
from chalicelib.adapters.dynamodb.payments.charges import DynamoDbChargeLedger
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments.ledger import ChargeLedger, ChargeState
from chalicelib.adapters.payments.sandbox.gateway import SandboxGateway
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured
from chalicelib.domain.money import Money
from chalicelib.ports import PaymentGateway, PaymentRequest
from local.emulator.aws import LocalAws
from tests.contract.payments.payment_contract import PaymentContract, card
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.faults.faults import lose_answers
from tests.support.local_aws import client_with_tables

TABLE = SETTINGS.name("payments")


def sandbox(ledger: ChargeLedger) -> SandboxGateway:
    return SandboxGateway(ledger, FixedClock(), SequentialIds())


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def dynamodb(client: Any) -> DynamoDbChargeLedger:
    return DynamoDbChargeLedger(client, TABLE)


class SandboxContract(PaymentContract):
    @pytest.fixture
    def paying(self) -> PaymentRequest:
        return card()

    @pytest.fixture
    def declining(self) -> PaymentRequest:
        return card("pm_card_visa_chargeDeclined")

    def charged(self, adapter: PaymentGateway) -> list[Money]:
        """Distinct payment ids are distinct charges: every capture draws a new id before it asks the ledger."""
        assert isinstance(adapter, SandboxGateway)
        charges = [adapter.ledger.find(order_id) for order_id in ("o-1", "o-1.2", "o-2")]
        return [charge.amount for charge in charges if charge and charge.state is not ChargeState.VOIDED]


class TestSandboxInMemory(SandboxContract):
    @pytest.fixture
    def adapter(self) -> PaymentGateway:
        return sandbox(MemoryChargeLedger())


class TestSandboxOnDynamoDb(SandboxContract):
    parallel = False

    @pytest.fixture
    def adapter(self, dynamodb: ChargeLedger) -> PaymentGateway:
        return sandbox(dynamodb)


class TestSandboxOnLocalAws(SandboxContract):
    @pytest.fixture
    def adapter(self, local_aws: LocalAws) -> PaymentGateway:
        client, settings = client_with_tables(local_aws)
        return sandbox(DynamoDbChargeLedger(client, settings.name("payments")))


@pytest.mark.parametrize("lost", range(1, ATTEMPTS + 1))
def test_a_charge_whose_answer_was_lost_is_the_same_charge_when_it_is_repeated(
    client: Any, dynamodb: ChargeLedger, lost: int
) -> None:
    """The SDK repeats the request; when it gives up, the workflow repeats the step."""
    gateway = sandbox(dynamodb)
    lose_answers(client, "PutItem", lost)
    if lost == ATTEMPTS:
        with pytest.raises(DependencyTimeout, match="DynamoDB"):
            gateway.capture(card())
    assert gateway.capture(card()).payment_id == "sandbox-token-000001"


def test_a_refund_whose_answer_was_lost_is_made_once(client: Any, dynamodb: ChargeLedger) -> None:
    gateway = sandbox(dynamodb)
    payment = gateway.capture(card())
    lose_answers(client, "UpdateItem", ATTEMPTS)
    with pytest.raises(DependencyTimeout):
        gateway.refund(card(), payment.payment_id)
    assert gateway.refund(card(), payment.payment_id) == "refund-token-000002"


@pytest.mark.parametrize("make", [MemoryChargeLedger, None], ids=["memory", "dynamodb"])
class TestRehearsals:
    """The tokens with which users rehearse outages, one order at a time."""

    @pytest.fixture
    def ledger(self, make: Any, dynamodb: ChargeLedger) -> ChargeLedger:
        ledger: ChargeLedger = make() if make else dynamodb
        return ledger

    def test_a_timeout_after_the_charge_is_found_and_never_repeated(self, ledger: ChargeLedger) -> None:
        gateway, request = sandbox(ledger), card("pm_sandbox_timeout_after_capture")
        with pytest.raises(DependencyTimeout, match="after the charge"):
            gateway.capture(request)
        found = gateway.find(request)
        assert found is not None
        assert gateway.capture(request) == found

    def test_a_timeout_before_the_charge_leaves_nothing_to_find(self, ledger: ChargeLedger) -> None:
        gateway, request = sandbox(ledger), card("pm_sandbox_timeout_before")
        with pytest.raises(DependencyTimeout):
            gateway.capture(request)
        assert gateway.find(request) is None
        assert gateway.capture(request) == gateway.find(request)

    def test_unavailable_for_the_first_calls_of_each_order(self, ledger: ChargeLedger) -> None:
        gateway = sandbox(ledger)
        for order_id in ("o-1", "o-1.2", "o-2"):
            request = card("pm_sandbox_unavailable_3", order_id)
            for _ in range(3):
                with pytest.raises(DependencyUnavailable) as unavailable:
                    gateway.capture(request)
                assert unavailable.value.dependency == "payment"
            assert gateway.capture(request) == gateway.find(request)

    def test_slow_takes_its_time_and_succeeds(self, ledger: ChargeLedger) -> None:
        clock = FixedClock()
        gateway = SandboxGateway(ledger, clock, SequentialIds())
        assert gateway.capture(card("pm_sandbox_slow_7"))
        assert clock.slept == [7]


def test_repeats_are_counted_so_that_one_charge_can_be_told_from_one_call(dynamodb: ChargeLedger) -> None:
    gateway = sandbox(dynamodb)
    for _ in range(3):
        gateway.capture(card())
    assert dynamodb.count_call("o-1") == 2 + 1


def test_a_gateway_does_not_touch_the_charges_of_another(dynamodb: ChargeLedger) -> None:
    from chalicelib.adapters.payments.on_account.gateway import OnAccountGateway
    from tests.contract.payments.test_on_account import credit

    accounts = credit(dynamodb.client) if isinstance(dynamodb, DynamoDbChargeLedger) else None
    assert accounts is not None
    gateway, other = sandbox(dynamodb), OnAccountGateway(accounts, FixedClock(), SequentialIds())
    gateway.capture(card())
    for call in (other.capture, other.find, other.void):
        with pytest.raises(Misconfigured, match="sandbox gateway, now on_account"):
            call(card())
