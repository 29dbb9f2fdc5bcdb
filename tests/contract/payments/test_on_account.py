"""The payment contract, kept on account in memory and on DynamoDB; and what credit accounts promise besides."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.adapters.aws.clients import ATTEMPTS
from chalicelib.adapters.dynamodb.payments.credit import DynamoDbCreditLedger
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.memory.payments import MemoryCreditLedger
from chalicelib.adapters.payments.on_account.credit import Account, CreditLedger
from chalicelib.adapters.payments.on_account.gateway import OnAccountGateway
from chalicelib.domain.errors import Contention, DependencyTimeout, PaymentDeclined, Refused
from chalicelib.domain.money import Money
from chalicelib.ports import PaymentGateway, PaymentRequest
from local.emulator.aws import LocalAws
from tests.contract.payments.payment_contract import PaymentContract, on_account
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.faults.faults import HookedClient, cancel, lose_answers
from tests.support.local_aws import client_with_tables

CUSTOMER = "C-1001"
LIMIT = Money(100_000, "EUR")


def credit(client: Any, table: str = SETTINGS.name("payments"), clock: FixedClock | None = None) -> CreditLedger:
    return DynamoDbCreditLedger(client, table, clock or FixedClock(), SequentialIds("jitter"))


def gateway(ledger: CreditLedger) -> OnAccountGateway:
    return OnAccountGateway(ledger, FixedClock(), SequentialIds())


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


class OnAccountContract(PaymentContract):
    """`ledger` is overridden. Beside the contract: what an account promises."""

    @pytest.fixture
    def ledger(self) -> CreditLedger:
        raise NotImplementedError

    @pytest.fixture
    def adapter(self, ledger: CreditLedger) -> PaymentGateway:
        ledger.open_account(CUSTOMER, LIMIT)
        return gateway(ledger)

    @pytest.fixture
    def paying(self) -> PaymentRequest:
        return on_account()

    @pytest.fixture
    def declining(self) -> PaymentRequest:
        return on_account(amount=eur(LIMIT.minor + 1))

    def charged(self, adapter: PaymentGateway) -> list[Money]:
        """What is used of the account is what was drawn; the records say in which portions."""
        assert isinstance(adapter, OnAccountGateway)
        charges = [adapter.ledger.find(key) for key in ("o-1", "o-1.2", "o-2")]
        amounts = [charge.amount for charge in charges if charge and not charge.is_voided]
        standing = [c.amount.minor for c in charges if c and not c.is_voided and not c.refund_id]
        assert self.account(adapter.ledger).used.minor == sum(standing)
        return amounts

    def account(self, ledger: CreditLedger) -> Account:
        account = ledger.account(CUSTOMER, "EUR")
        assert account is not None
        return account

    def test_a_capture_uses_credit_and_a_refund_gives_it_back_once(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        payments = gateway(ledger)
        payment = payments.capture(on_account())
        assert self.account(ledger) == Account(CUSTOMER, LIMIT, eur(95_500))
        for _ in range(2):
            payments.refund(on_account(), payment.payment_id)
        assert self.account(ledger).available == LIMIT

    def test_the_limit_can_be_used_to_the_last_cent(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        gateway(ledger).capture(on_account(amount=LIMIT))
        with pytest.raises(PaymentDeclined) as declined:
            gateway(ledger).capture(on_account("o-2", eur(1)))
        (reason,) = declined.value.reasons
        assert reason.code == "credit_exhausted"
        assert reason.message.startswith(
            "0.01 EUR is due, but customer C-1001 has 0.00 EUR left of a credit of 1000.00 EUR"
        )

    def test_without_an_account_in_the_currency_there_is_no_credit(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        for request in (on_account(customer="C-2002"), on_account(amount=Money(1, "USD"))):
            with pytest.raises(PaymentDeclined, match="no credit account in"):
                gateway(ledger).capture(request)
        assert ledger.account("C-2002", "EUR") is None

    def test_a_changed_limit_keeps_what_is_used(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        gateway(ledger).capture(on_account())
        assert ledger.open_account(CUSTOMER, eur(200_000)) == Account(CUSTOMER, eur(200_000), eur(195_500))
        assert ledger.open_account(CUSTOMER, eur(1_000)) == Account(CUSTOMER, eur(1_000), eur(-3_500))
        assert self.account(ledger).used == eur(4_500)
        with pytest.raises(PaymentDeclined, match=r"has -35\.00 EUR left"):
            gateway(ledger).capture(on_account("o-2", eur(1)))

    def test_what_the_customer_has_paid_can_be_used_again_once(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        gateway(ledger).capture(on_account())
        for _ in range(2):
            assert ledger.settle(CUSTOMER, eur(4_000), "BANK-1").used == eur(500)
        assert ledger.settle(CUSTOMER, eur(500), "BANK-2") == self.account(ledger) == Account(CUSTOMER, LIMIT, LIMIT)

    def test_nobody_can_pay_into_an_account_that_does_not_exist(self, ledger: CreditLedger) -> None:
        with pytest.raises(Refused, match="no credit account in EUR"):
            ledger.settle(CUSTOMER, eur(1), "BANK-1")
        assert ledger.account(CUSTOMER, "EUR") is None

    def test_an_order_of_nothing_draws_nothing(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        payment = gateway(ledger).capture(on_account(amount=eur(0)))
        gateway(ledger).refund(on_account(amount=eur(0)), payment.payment_id)
        assert self.account(ledger).used == eur(0)

    def test_currencies_are_separate_accounts(self, ledger: CreditLedger) -> None:
        ledger.open_account(CUSTOMER, LIMIT)
        ledger.open_account(CUSTOMER, Money(500, "JPY"))
        gateway(ledger).capture(on_account(amount=Money(500, "JPY")))
        assert ledger.account(CUSTOMER, "JPY") == Account(CUSTOMER, Money(500, "JPY"), Money(0, "JPY"))
        assert self.account(ledger).available == LIMIT

    def test_orders_at_the_same_moment_share_the_credit_exactly(self, ledger: CreditLedger) -> None:
        """20 orders of 100.00 on a credit of 1000.00: 10 are paid."""
        ledger.open_account(CUSTOMER, LIMIT)
        payments = gateway(ledger)

        def pays(number: int) -> bool:
            try:
                payments.capture(on_account(f"o-{number}", eur(10_000)))
            except PaymentDeclined:
                return False
            return True

        with ThreadPoolExecutor(8 if self.parallel else 1) as pool:
            assert sum(pool.map(pays, range(20))) == 10
        assert self.account(ledger).available == eur(0)


class TestOnAccountInMemory(OnAccountContract):
    @pytest.fixture
    def ledger(self) -> CreditLedger:
        return MemoryCreditLedger()


class TestOnAccountOnDynamoDb(OnAccountContract):
    parallel = False

    @pytest.fixture
    def ledger(self, client: Any) -> CreditLedger:
        return credit(client)


class TestOnAccountOnLocalAws(OnAccountContract):
    @pytest.fixture
    def ledger(self, local_aws: LocalAws) -> CreditLedger:
        client, settings = client_with_tables(local_aws)
        return credit(client, settings.name("payments"))


@pytest.fixture
def client() -> Iterator[Any]:
    with moto_dynamodb() as client:
        yield client


@pytest.mark.parametrize("lost", range(1, ATTEMPTS + 1))
def test_a_draw_whose_answer_was_lost_is_not_drawn_again(client: Any, lost: int) -> None:
    ledger = credit(client)
    ledger.open_account(CUSTOMER, LIMIT)
    lose_answers(client, "TransactWriteItems", lost)
    if lost == ATTEMPTS:
        with pytest.raises(DependencyTimeout):
            gateway(ledger).capture(on_account())
    assert gateway(ledger).capture(on_account()).payment_id == "account-token-000001"
    account = ledger.account(CUSTOMER, "EUR")
    assert account is not None
    assert account.used == eur(4_500)


def test_a_draw_that_collides_waits_and_is_tried_again(client: Any) -> None:
    clock = FixedClock()
    hooked = HookedClient(client, before={1: cancel("TransactionConflict"), 2: cancel("TransactionConflict")})
    credit(client).open_account(CUSTOMER, LIMIT)
    gateway(credit(hooked, clock=clock)).capture(on_account())
    assert hooked.calls == ["transact_write_items"] * 3
    assert len(clock.slept) == 2


def test_a_draw_that_collides_for_ever_is_contention_for_the_workflow_to_retry(client: Any) -> None:
    hooked = HookedClient(client, before={number: cancel("TransactionConflict") for number in range(1, 100)})
    with pytest.raises(Contention, match="credit account"):
        gateway(credit(hooked)).capture(on_account())


def test_a_draw_that_is_throttled_waits_and_is_tried_again_like_one_that_collides(client: Any) -> None:
    clock = FixedClock()
    hooked = HookedClient(client, before={1: cancel("ThrottlingError"), 2: cancel("ProvisionedThroughputExceeded")})
    credit(client).open_account(CUSTOMER, LIMIT)
    gateway(credit(hooked, clock=clock)).capture(on_account())
    assert hooked.calls == ["transact_write_items"] * 3
    assert len(clock.slept) == 2
