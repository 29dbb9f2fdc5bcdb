"""The payment contract, kept by Stripe's SDK against localstripe; and what happens when Stripe does not answer well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.aws import clients
from chalicelib.adapters.aws.secret import MAX_AGE, Secret
from chalicelib.adapters.memory import FixedClock
from chalicelib.adapters.memory.payments import MemoryChargeLedger
from chalicelib.adapters.payments import stripe
from chalicelib.adapters.payments.ledger import ChargeLedger
from chalicelib.adapters.payments.stripe.api import StripeApi
from chalicelib.adapters.payments.stripe.gateway import StripeGateway
from chalicelib.adapters.payments.stripe.key import StripeKey
from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
    PaymentDeclined,
)
from chalicelib.domain.money import Money
from chalicelib.ports import PaymentGateway, PaymentRequest
from chalicelib.wiring.application import Application
from local.emulator.aws import LocalAws, free_port
from tests.contract.payments.payment_contract import TOTAL, PaymentContract, card
from tests.support.aws import moto_client
from tests.support.local_aws import client_with_tables
from tests.support.stripe_peer import KEY, Fault, LocalStripe, Secrets, StripeProxy, localstripe

NEEDS_APPROVAL = "4000002760003184"


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStripe]:
    with localstripe() as running:
        yield running


@pytest.fixture
def peer(server: LocalStripe) -> LocalStripe:
    server.forget_everything()
    return server


@pytest.fixture
def proxy(peer: LocalStripe) -> Iterator[StripeProxy]:
    with StripeProxy(peer).running() as running:
        yield running


@pytest.fixture
def ledger() -> ChargeLedger:
    return MemoryChargeLedger()


@pytest.fixture
def gateway(proxy: StripeProxy, ledger: ChargeLedger) -> StripeGateway:
    """As in production, but for the address, and the patience: a busy machine is no outage."""
    return stripe_gateway(proxy.url, ledger)


def stripe_gateway(url: str, ledger: ChargeLedger, off_session: bool = True) -> StripeGateway:
    key = stripe_key(Secrets())
    return StripeGateway(StripeApi(key, url, off_session, 60.0, 60.0), ledger, FixedClock())


def stripe_key(secrets: Any, clock: FixedClock | None = None) -> StripeKey:
    return StripeKey(Secret(secrets, "orderbridge/stripe", clock or FixedClock()))


class TestStripeContract(PaymentContract):
    """Straight against localstripe, nothing in between."""

    peer: LocalStripe

    @pytest.fixture
    def adapter(self, peer: LocalStripe, ledger: ChargeLedger) -> PaymentGateway:
        self.peer = peer
        return stripe_gateway(peer.url, ledger, off_session=False)

    @pytest.fixture
    def paying(self) -> PaymentRequest:
        return card()

    @pytest.fixture
    def declining(self) -> PaymentRequest:
        return card("pm_card_chargeCustomerFail")  # localstripe pays with pm_card_visa_chargeDeclined

    def charged(self, adapter: PaymentGateway) -> list[Money]:
        return [Money(charge["amount"], charge["currency"].upper()) for charge in self.peer.succeeded_charges()]

    def test_the_money_goes_back_once(self, adapter: PaymentGateway, paying: PaymentRequest) -> None:
        payment = adapter.capture(paying)
        for _ in range(2):
            adapter.refund(paying, payment.payment_id)
        refunds = self.peer.get("/v1/refunds", payment_intent=payment.payment_id)["data"]
        assert [refund["amount"] for refund in refunds] == [TOTAL.minor]

    def test_a_token_that_the_provider_does_not_know_is_the_customers_affair(self, adapter: PaymentGateway) -> None:
        with pytest.raises(PaymentDeclined, match="does not know this token"):
            adapter.capture(card("pm_1NotThere"))

    def test_a_card_that_wants_approval_is_declined_and_stays_so(
        self, adapter: PaymentGateway, peer: LocalStripe
    ) -> None:
        details = {"number": NEEDS_APPROVAL, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        method = peer.post("/v1/payment_methods", type="card", **{f"card[{key}]": details[key] for key in details})
        for _ in range(2):
            with pytest.raises(PaymentDeclined, match="authentication_required: the bank wants the customer to"):
                adapter.capture(card(method["id"]))
        assert adapter.find(card(method["id"])) is None
        assert adapter.void(card(method["id"])) is None
        assert self.charged(adapter) == []

    def test_the_order_is_named_in_stripes_dashboard(self, adapter: PaymentGateway, peer: LocalStripe) -> None:
        payment = adapter.capture(card(order_id="o-42"))
        assert peer.get(f"/v1/payment_intents/{payment.payment_id}")["metadata"] == {"order_id": "o-42"}


@pytest.fixture(scope="module")
def make_client(local_aws: LocalAws) -> Callable[[str], Any]:
    """Making one takes longer than a test."""
    return cache(lambda service: local_aws.client(service, config=clients.config()))


class TestStripeWithItsLedgerOnLocalAws(TestStripeContract):
    """As deployed: wired from its description, with the address of localstripe for its stand-in."""

    @pytest.fixture
    def adapter(self, peer: LocalStripe, local_aws: LocalAws, make_client: Callable[[str], Any]) -> PaymentGateway:
        self.peer = peer
        _, settings = client_with_tables(local_aws)
        make_client("secretsmanager").create_secret(Name=settings.secret(stripe.SECRET), SecretString=KEY)
        return Application(
            replace(settings, payment_gateway="stripe", variables={stripe.API_BASE: peer.url}),
            lambda service, *_: make_client(service),
        ).payments


class TestRequests:
    def test_every_change_carries_an_idempotency_key_of_the_order_and_the_operation(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        payment = gateway.capture(card())
        gateway.refund(card(), payment.payment_id)
        assert proxy.keys() == [
            "orderbridge-o-1-intent-1",
            "orderbridge-o-1-capture-1",
            "orderbridge-o-1-refund-1-1",
        ]

    def test_a_process_that_has_forgotten_everything_sends_the_same_keys(self, proxy: StripeProxy) -> None:
        for _ in range(2):
            stripe_gateway(proxy.url, MemoryChargeLedger()).capture(card())
        assert proxy.keys()[:2] == proxy.keys()[2:]

    def test_the_bank_is_told_that_the_customer_is_not_there(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        gateway.capture(card())
        created, confirmed = proxy.requests
        assert (created.path, created.form["payment_method"]) == ("/v1/payment_intents", "pm_card_visa")
        assert "confirm" not in created.form
        assert confirmed.path.endswith("/confirm")
        assert confirmed.form == {"off_session": "True"} or confirmed.form == {"off_session": "true"}

    def test_a_capture_costs_two_requests_and_looking_up_an_unknown_order_none(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        gateway.find(card())
        gateway.capture(card())
        assert [request.method for request in proxy.requests] == ["POST", "POST"]

    def test_the_key_authenticates_every_request(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        gateway.capture(card())
        assert {request.headers["authorization"] for request in proxy.requests} == {f"Bearer {KEY}"}


class TestAmbiguousOutcomes:
    """No answer: the charge may have been made. It is looked up by the intent that the ledger remembers."""

    def test_an_answer_lost_after_the_charge_is_found_and_not_repeated(
        self, gateway: StripeGateway, proxy: StripeProxy, ledger: ChargeLedger
    ) -> None:
        proxy.faults = [Fault("POST", "/confirm", forward=True)]
        with pytest.raises(DependencyTimeout) as timeout:
            gateway.capture(card())
        assert timeout.value.dependency == "payment"
        assert timeout.value.__cause__ is None  # Stripe's own words are not shown: they may quote a token
        another_process = stripe_gateway(proxy.url, ledger)
        found = another_process.find(card())
        assert found is not None
        assert another_process.capture(card()) == found
        assert len(proxy.peer.succeeded_charges()) == 1

    def test_even_without_looking_it_is_charged_once(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        proxy.faults = [Fault("POST", "/confirm", forward=True)]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card())
        assert gateway.capture(card()) == gateway.find(card())
        assert len(proxy.peer.succeeded_charges()) == 1

    def test_a_request_lost_before_the_charge_is_charged_by_the_next_try(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        proxy.faults = [Fault("POST", "/confirm")]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card())
        assert gateway.find(card()) is None
        assert gateway.capture(card()) == gateway.find(card())
        assert len(proxy.peer.succeeded_charges()) == 1

    @pytest.mark.parametrize("forward", [True, False])
    def test_an_intent_whose_creation_was_not_answered_charges_nothing(
        self, gateway: StripeGateway, proxy: StripeProxy, forward: bool
    ) -> None:
        proxy.faults = [Fault("POST", "/payment_intents", forward=forward)]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card())
        assert gateway.find(card()) is None
        gateway.capture(card())
        assert len(proxy.peer.succeeded_charges()) == 1

    def test_a_decline_whose_answer_was_lost_is_the_same_decline_at_the_next_try(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        proxy.faults = [Fault("POST", "/confirm", forward=True)]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card("pm_card_chargeCustomerFail"))
        assert gateway.find(card("pm_card_chargeCustomerFail")) is None
        with pytest.raises(PaymentDeclined, match=r"card_declined\.generic_decline"):
            gateway.capture(card("pm_card_chargeCustomerFail"))

    def test_a_refund_whose_answer_was_lost_is_found(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        payment = gateway.capture(card())
        proxy.faults = [Fault("POST", "/refunds", forward=True)]
        with pytest.raises(DependencyTimeout):
            gateway.refund(card(), payment.payment_id)
        refund_id = gateway.refund(card(), payment.payment_id)
        (refund,) = proxy.peer.get("/v1/refunds", payment_intent=payment.payment_id)["data"]
        assert refund["id"] == refund_id

    def test_voiding_after_a_lost_answer_finds_the_charge(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        proxy.faults = [Fault("POST", "/confirm", forward=True)]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card())
        assert gateway.void(card()) == gateway.find(card())

    def test_a_capture_that_outlived_its_timeout_cannot_charge_a_voided_order(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        proxy.faults = [Fault("POST", "/confirm")]
        with pytest.raises(DependencyTimeout):
            gateway.capture(card())
        (created, _) = proxy.requests
        assert gateway.void(card()) is None
        intent = proxy.peer.get("/v1/payment_intents")["data"][0]
        assert (created.form["metadata[order_id]"], intent["status"]) == ("o-1", "canceled")
        with pytest.raises(PaymentDeclined, match="closed before it was charged"):
            gateway.capture(card())
        assert proxy.peer.succeeded_charges() == []

    def test_while_the_bank_has_not_decided_nobody_knows(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        undecided = {"id": "pi_1", "object": "payment_intent", "status": "processing"}
        proxy.faults = [Fault("POST", "/confirm", status=200, body=undecided)]
        proxy.faults += [Fault("GET", "", status=200, body=undecided) for _ in range(3)]
        for call in (gateway.capture, gateway.capture, gateway.find, gateway.void):
            with pytest.raises(DependencyTimeout, match="waiting for the bank"):
                call(card())


INVALID = {"type": "invalid_request_error"}


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "error", "expected", "text"),
        [
            (500, {"type": "api_error"}, DependencyUnavailable, "stripe failed (HTTP 500, req_proxy)"),
            (503, {"type": "api_error"}, DependencyUnavailable, "stripe failed (HTTP 503, req_proxy)"),
            (429, {"code": "rate_limit"}, DependencyUnavailable, "limits our rate (HTTP 429, rate_limit, req_proxy)"),
            (429, {"code": "lock_timeout"}, Contention, "another request works on the same object"),
            (409, {"code": "idempotency_key_in_use"}, Contention, "the same request is under way"),
            (401, INVALID, Misconfigured, "check the API key"),
            (403, INVALID, Misconfigured, "check the API key"),
            (400, {**INVALID, "param": "metadata"}, Misconfigured, "refuses our requests"),
            (400, {**INVALID, "param": "payment_method"}, PaymentDeclined, "payment.token"),
            (400, {**INVALID, "param": "currency"}, PaymentDeclined, "does not support this currency"),
            (400, {**INVALID, "param": "amount", "code": "amount_too_small"}, PaymentDeclined, "may be too small"),
            (402, {"type": "card_error", "code": "expired_card"}, PaymentDeclined, "the card has expired"),
            (402, {"code": "card_declined", "decline_code": "lost_card"}, PaymentDeclined, "for security reasons"),
            (402, {"code": "card_declined", "decline_code": "new_code"}, PaymentDeclined, "card_declined.new_code"),
        ],
    )
    def test_each_error_says_what_happens_next(
        self,
        gateway: StripeGateway,
        proxy: StripeProxy,
        status: int,
        error: dict[str, str],
        expected: type[OrderbridgeError],
        text: str,
    ) -> None:
        said = {"message": "No such PaymentMethod: 'pm_card_visa'", **error}
        proxy.faults = [Fault("POST", "/payment_intents", status=status, error=said)]
        with pytest.raises(expected) as raised:
            gateway.capture(card())
        shown = str(raised.value) + "".join(str(reason) for reason in getattr(raised.value, "reasons", ()))
        assert text in shown
        assert "pm_card_visa" not in shown

    def test_nobody_listening_is_unavailable_because_nothing_was_sent(self) -> None:
        gateway = stripe_gateway(f"http://127.0.0.1:{free_port()}", MemoryChargeLedger())
        with pytest.raises(DependencyUnavailable, match="cannot be reached"):
            gateway.capture(card())

    def test_a_stored_failure_of_stripe_does_not_block_the_order_for_a_day(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        """Stripe stores its own failures under the idempotency key, too: from then on the next key is used."""
        replayed = {"Idempotent-Replayed": "true"}
        proxy.faults = [
            Fault("POST", "/confirm", status=500),
            Fault("POST", "/confirm", status=500, headers=replayed),
        ]
        with pytest.raises(DependencyUnavailable):
            gateway.capture(card())
        assert gateway.capture(card()) == gateway.find(card())
        assert proxy.keys()[1:] == [f"orderbridge-o-1-capture-{number}" for number in (1, 1, 2)]

    def test_a_key_that_stands_for_other_parameters_is_left_behind(
        self, gateway: StripeGateway, proxy: StripeProxy
    ) -> None:
        """After an update of this code its requests may differ from those of yesterday."""
        proxy.faults = [Fault("POST", "/payment_intents", status=400, error={"type": "idempotency_error"})]
        gateway.capture(card())
        assert proxy.keys()[:2] == ["orderbridge-o-1-intent-1", "orderbridge-o-1-intent-2"]

    def test_keys_are_not_tried_for_ever(self, gateway: StripeGateway, proxy: StripeProxy) -> None:
        proxy.faults = [
            Fault("POST", "/payment_intents", status=400, error={"type": "idempotency_error"}) for _ in range(9)
        ]
        with pytest.raises(Misconfigured):
            gateway.capture(card())
        assert len(proxy.requests) == 5


class TestKey:
    def test_the_key_is_read_once_and_again_after_its_age(self) -> None:
        secrets, clock = Secrets(), FixedClock()
        key = stripe_key(secrets, clock)
        assert [key.value(), key.value()] == [KEY, KEY]
        assert secrets.reads == 1
        clock.advance(MAX_AGE.total_seconds())
        secrets.value = "rk_live_new"
        assert key.value() == "rk_live_new"

    def test_the_key_is_nowhere_to_be_seen(self, proxy: StripeProxy, ledger: ChargeLedger) -> None:
        gateway = stripe_gateway(proxy.url, ledger)
        gateway.capture(card())
        assert KEY not in repr(gateway)

    @pytest.mark.parametrize("value", ["", "pk_test_public", '{"key": "sk_test"}'])
    def test_what_is_no_secret_key_is_named_as_a_mistake_without_showing_it(self, value: str) -> None:
        with pytest.raises(Misconfigured, match="orderbridge/stripe is no Stripe key") as mistake:
            stripe_key(Secrets(value)).value()
        assert not value or value not in str(mistake.value)

    def test_a_missing_secret_is_named(self) -> None:
        with mock_aws():
            key = stripe_key(moto_client("secretsmanager"))
            with pytest.raises(Misconfigured, match=r"ResourceNotFoundException.*secret"):
                key.value()

    def test_a_key_rotated_a_moment_ago_is_read_anew(self, proxy: StripeProxy, ledger: ChargeLedger) -> None:
        secrets = Secrets("sk_test_old")
        key = stripe_key(secrets)
        gateway = StripeGateway(StripeApi(key, proxy.url), ledger, FixedClock())
        key.value()
        secrets.value = KEY
        proxy.faults = [Fault("POST", "/payment_intents", status=401)]
        gateway.capture(card())
        assert [request.headers["authorization"] for request in proxy.requests] == [
            "Bearer sk_test_old",
            f"Bearer {KEY}",
            f"Bearer {KEY}",
        ]
