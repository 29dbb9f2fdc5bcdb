"""Signed callbacks: verified by the specification's own library, on a real connection."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.acknowledgements.callback import AcknowledgeErp, AnnounceOutcome, redelivery_delay_s
from chalicelib.adapters.dynamodb.control.callback_targets import DynamoDbCallbacks
from chalicelib.adapters.http_callback import CallbackRefused, CallbackTarget, HttpCallback
from chalicelib.adapters.system import SystemClock
from chalicelib.domain.errors import DependencyUnavailable, Misconfigured
from chalicelib.domain.events import OrderConfirmed, OrderRejected
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import content
from tests.support.cli import typed
from tests.support.domain.histories import REJECTION
from tests.support.operations import FakeApplication

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"b" * 32).decode()


@dataclass
class Erp:
    """An ERP's end: remembers what it received and answers the next of `answers` (then 200)."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def erp() -> Iterator[Erp]:
    peer = Erp()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            peer.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
            status = peer.answers.pop(0) if peer.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", peer.url)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}/orders"
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
        yield peer
        server.shutdown()


def send(erp: Erp, *secrets: str) -> None:
    target = CallbackTarget("sap-emea", erp.url, secrets or (SECRET,))
    HttpCallback(SystemClock(), plain_http=True).send(target, "o-1.confirmed", b'{"type": "order.confirmed"}')


def test_the_signature_is_what_the_specification_says(erp: Erp) -> None:
    send(erp)
    headers, body = erp.received[0]
    assert Webhook(SECRET).verify(body, headers) == {"type": "order.confirmed"}
    assert headers["webhook-id"] == "o-1.confirmed"


def test_while_rotating_both_secrets_sign(erp: Erp) -> None:
    send(erp, SECRET, OLD_SECRET)
    headers, body = erp.received[0]
    Webhook(SECRET).verify(body, headers)
    Webhook(OLD_SECRET).verify(body, headers)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_passing_refusal_is_tried_again_later(erp: Erp, status: int) -> None:
    erp.answers = [status]
    with pytest.raises(DependencyUnavailable):
        send(erp)


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_lasting_refusal_says_so(erp: Erp, status: int) -> None:
    erp.answers = [status]
    with pytest.raises(CallbackRefused):
        send(erp)
    assert len(erp.received) == 1, "a redirect is not followed"


def test_nobody_there() -> None:
    with pytest.raises(DependencyUnavailable):
        send(Erp(url="http://127.0.0.1:9/"))


def test_plain_http_is_refused_in_deployed_stages(erp: Erp) -> None:
    with pytest.raises(Misconfigured, match="https"):
        HttpCallback(SystemClock()).send(CallbackTarget("sap-emea", erp.url, (SECRET,)), "x", b"{}")
    assert erp.received == []


def test_a_short_secret_is_refused(erp: Erp) -> None:
    with pytest.raises(Misconfigured, match="24 to 64 bytes"):
        send(erp, "whsec_YWJj")


class Calls:
    """A Callback that remembers, and fails as long as it is told to."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, dict[str, Any]]] = []
        self.down = False
        self.refuses = False

    def __call__(self, source: str, message_id: str, body: bytes) -> None:
        if self.refuses:
            raise CallbackRefused(f"erp:{source} answered HTTP 404")
        if self.down:
            raise DependencyUnavailable(f"erp:{source}", "down")
        self.made.append((source, message_id, json.loads(body)))


def confirmed(app: FakeApplication) -> str:
    order_id = app.accept()
    repository = app.repository()
    repository.append(repository.load(order_id), OrderConfirmed("OB-ABC"))
    return order_id


def test_an_outcome_is_announced_to_sources_that_want_it() -> None:
    app = FakeApplication()
    sent: list[dict[str, object]] = []
    order_id = confirmed(app)
    for wants in (True, False):
        announce = AnnounceOutcome(lambda _, wants=wants: wants, sent.append)  # type: ignore[misc]
        for recorded in app.events.load(order_id):
            announce(recorded, app.order(order_id))
    assert sent == [{"order_id": order_id, "source": "sap-emea"}]


def test_the_erp_is_told_once_and_the_order_remembers() -> None:
    app, calls = FakeApplication(), Calls()
    order_id = confirmed(app)
    acknowledge = AcknowledgeErp(app.repository("AcknowledgeErp"), calls, app.queue.park)
    for _ in range(2):
        acknowledge(json.dumps({"order_id": order_id}))
    [(source, message_id, document)] = calls.made
    assert (source, message_id) == ("sap-emea", f"{order_id}.confirmed")
    assert document["data"]["status"] == "CONFIRMED"
    assert document["data"]["external_id"] == "SO-100045"
    assert app.types(order_id)[-1] == "ErpAcknowledged"


def test_an_erp_that_is_down_gets_its_answer_later() -> None:
    app, calls = FakeApplication(), Calls()
    order_id = confirmed(app)
    acknowledge = AcknowledgeErp(app.repository("AcknowledgeErp"), calls, app.queue.park)
    calls.down = True
    with pytest.raises(DependencyUnavailable):
        acknowledge(json.dumps({"order_id": order_id}))
    assert "ErpAcknowledged" not in app.types(order_id)
    calls.down = False
    acknowledge(json.dumps({"order_id": order_id}))
    assert app.types(order_id).count("ErpAcknowledged") == 1


class TestCommand:
    """`python -m chalicelib callbacks`, over addresses on DynamoDB."""

    @pytest.fixture
    def addresses(self) -> Iterator[DynamoDbCallbacks]:
        with moto_dynamodb() as client:
            yield DynamoDbCallbacks(
                client,
                SETTINGS.name("control"),
                None,
                "test",
                HttpCallback(FakeApplication().clock),
                FakeApplication().clock,
            )

    def run(self, addresses: DynamoDbCallbacks, *arguments: str) -> tuple[int, str]:
        ended = typed("callbacks", *arguments, callbacks=addresses, settings=SETTINGS)
        return ended.code, ended.out + ended.err

    def test_an_address_is_set_shown_and_removed(self, addresses: DynamoDbCallbacks) -> None:
        assert self.run(addresses, "show", "sap-emea") == (0, "sap-emea: no callbacks\n")
        code, text = self.run(addresses, "set", "sap-emea", "https://erp.example/orders")
        assert code == 0
        assert "orderbridge/test/callback/sap-emea" in text
        assert addresses.wanted("sap-emea")
        self.run(addresses, "remove", "sap-emea")
        assert not addresses.wanted("sap-emea")

    @pytest.mark.parametrize("url", ["ftp://erp.example", "http://erp.example", "erp.example"])
    def test_a_wrong_address_is_refused(self, addresses: DynamoDbCallbacks, url: str) -> None:
        code, said = self.run(addresses, "set", "sap-emea", url)
        assert (code, "https://" in said) == (2, True)
        assert not addresses.wanted("sap-emea")


def test_what_the_erp_refuses_for_good_is_parked_and_can_be_sent_again() -> None:
    app, calls = FakeApplication(), Calls()
    order_id = confirmed(app)
    acknowledge = AcknowledgeErp(app.repository("AcknowledgeErp"), calls, app.queue.park)
    calls.refuses = True
    acknowledge(json.dumps({"order_id": order_id}))
    [(body, reason)] = app.queue.parked
    assert reason == "CallbackRefused: erp:sap-emea answered HTTP 404"
    calls.refuses = False
    acknowledge(body)
    assert app.types(order_id)[-1] == "ErpAcknowledged"


def reject(app: FakeApplication, order_id: str) -> None:
    for event in (REJECTION, OrderRejected(REJECTION.reasons)):
        app.repository().append(app.order(order_id), event)


def test_the_outcome_of_every_revision_is_told_under_an_id_of_its_own() -> None:
    app, calls = FakeApplication(), Calls()
    acknowledge = AcknowledgeErp(app.repository("AcknowledgeErp"), calls, app.queue.park)
    order_id = app.accept()
    message = json.dumps({"order_id": order_id})
    reject(app, order_id)
    acknowledge(message)
    app.accept(content())  # comes again
    acknowledge(message)  # late, and there is no outcome to tell
    reject(app, order_id)
    acknowledge(message)
    acknowledge(message)
    app.accept(content())
    app.repository().append(app.order(order_id), OrderConfirmed("OB-ABC"))
    acknowledge(message)
    told = [(message_id, document["data"]["revision"]) for _, message_id, document in calls.made]
    assert told == [(f"{order_id}.rejected", 1), (f"{order_id}.2.rejected", 2), (f"{order_id}.3.confirmed", 3)]
    assert app.types(order_id).count("ErpAcknowledged") == 3


def test_an_order_that_comes_again_while_the_erp_is_called_owes_it_the_next_outcome() -> None:
    app = FakeApplication()
    order_id = app.accept()
    reject(app, order_id)

    class Meanwhile(Calls):
        def __call__(self, source: str, message_id: str, body: bytes) -> None:
            super().__call__(source, message_id, body)
            app.accept(content())

    AcknowledgeErp(app.repository("AcknowledgeErp"), Meanwhile(), app.queue.park)(json.dumps({"order_id": order_id}))
    assert app.types(order_id)[-1] == "OrderRevised"
    assert app.order(order_id).acknowledged == ()


@pytest.mark.parametrize("poison", ["not JSON", "[]", "{}", '{"order_id": "o-000000000000000000000000"}'])
def test_poison_is_parked(poison: str) -> None:
    app = FakeApplication()
    AcknowledgeErp(app.repository("AcknowledgeErp"), Calls(), app.queue.park)(poison)
    [(body, reason)] = app.queue.parked
    assert body == poison
    assert "names no order_id" in reason or "there is no order" in reason


def test_an_erp_that_stays_away_is_asked_less_and_less_often_for_three_days() -> None:
    delays = [redelivery_delay_s(receives) for receives in range(1, 301)]
    assert delays[:8] == [15, 30, 60, 120, 240, 480, 900, 900]
    assert 3 * 24 * 3600 < sum(delays) < 4 * 24 * 3600, "longer than a weekend, shorter than the queue keeps messages"
