"""`python -m chalicelib callbacks`, over DynamoDB, with an ERP on a real connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from chalicelib.acknowledgements.ping import Ping
from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.adapters.callback_sender import CallbackSender
from chalicelib.adapters.dynamodb.control.subscriptions import DynamoDbSubscriptions
from chalicelib.adapters.http_callback import HttpCallback
from chalicelib.adapters.system import SystemClock
from tests.support.acknowledgements.receiver import SECRET, Receiver, receiving
from tests.support.acknowledgements.world import MemoryErp, World
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.cli import Ended, typed


class Secrets:
    """Secrets Manager with one secret."""

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        assert SecretId == "orderbridge/test/callback/sap-emea"
        return {"SecretString": SECRET}


@dataclass
class Bench:
    subscriptions: DynamoDbSubscriptions
    erp: Receiver
    stage: str = "local"
    world: World = field(default_factory=lambda: World(MemoryErp()))

    def run(self, *arguments: str) -> Ended:
        app = self.world.app
        http = HttpCallback(SystemClock(), plain_http=self.stage == "local")
        sender = CallbackSender(Secrets(), "test", http, app.clock)
        return typed(
            "callbacks",
            *arguments,
            subscriptions=self.subscriptions,
            deliveries=app.deliveries,
            resend=replace(self.world.resend, subscriptions=self.subscriptions),
            callback=sender,
            ping=Ping(sender, app.clock, app.ids),
            clock=app.clock,
            settings=replace(SETTINGS, stage=self.stage),
        )

    def url(self, source: str = "sap-emea") -> str:
        return self.subscriptions.get(source).url


@pytest.fixture
def bench() -> Iterator[Bench]:
    with moto_dynamodb() as client, receiving() as erp:
        yield Bench(DynamoDbSubscriptions(client, SETTINGS.name("control")), erp)


def test_an_address_is_set_after_a_signed_ping_shown_listed_and_removed(bench: Bench) -> None:
    assert bench.run("show", "sap-emea").out == "sap-emea: no callbacks\n"
    assert bench.run("list").out == "no source wants callbacks\n"
    ended = bench.run("set", "sap-emea", bench.erp.url, "--also", "failed,received")
    assert ended.code == 0
    assert "ping: HTTP 200 after " in ended.out
    assert "orderbridge/test/callback/sap-emea" in ended.out
    [(headers, body)] = bench.erp.received
    assert json.loads(body)["type"] == "orderbridge.ping"
    assert bench.erp.accepted == [headers["webhook-id"]]
    since = "2026-11-22T10:15:00Z"
    assert bench.run("list").out == f"sap-emea  {bench.erp.url}  outcomes since {since}, failed, received\n"
    assert bench.run("remove", "sap-emea").out == "sap-emea: no callbacks\n"
    assert (bench.url(), bench.run("list").out) == ("", "no source wants callbacks\n")


def test_an_address_that_does_not_take_the_ping_is_not_set_unless_a_person_wants_it(bench: Bench) -> None:
    bench.erp.status = 401
    ended = bench.run("set", "sap-emea", bench.erp.url)
    assert (ended.code, bench.url()) == (1, "")
    assert "HTTP 401" in ended.err
    assert "--no-ping" in ended.err
    assert bench.run("set", "sap-emea", bench.erp.url, "--no-ping").code == 0
    assert bench.url() == bench.erp.url
    ended = bench.run("test", "sap-emea")
    assert (ended.code, "HTTP 401" in ended.err) == (1, True)
    bench.erp.status = 204
    assert bench.run("test", "sap-emea").out.startswith("ping: HTTP 204 after ")


def test_a_changed_address_keeps_what_else_was_set(bench: Bench) -> None:
    bench.run("set", "sap-emea", bench.erp.url, "--also", "failed", "--wanted-from", "2026-11-01")
    bench.run("set", "sap-emea", f"{bench.erp.url}2")
    wish = bench.subscriptions.get("sap-emea")
    assert (wish.also, f"{wish.wanted_from:%Y-%m-%d}", wish.url) == (("failed",), "2026-11-01", f"{bench.erp.url}2")
    bench.run("set", "sap-emea", bench.erp.url, "--also", "none")
    assert bench.subscriptions.get("sap-emea").also == ()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://erp.example",
        "http://erp.example",
        "erp.example",
        "https://",
        "https://erp..example/cb",
        f"https://{'a' * 64}.example/",
        "https://b\u00fccher.example/",
        "https://erp.example/\u00fcber",
        "https://erp.example/a b",
        "https://user@erp.example/",
        "https://user:pw@erp.example/",
        "https://erp.example:99999/",
        "https://erp.example:0/",
        "https://erp.example/#part",
        "https://[::1/",
        "",
        "https://erp.example/" + "a" * 2000,
    ],
    ids=lambda url: url[:40] or "empty",
)
def test_a_wrong_address_is_refused(bench: Bench, url: str) -> None:
    bench.stage = "test"
    ended = bench.run("set", "sap-emea", url, "--no-ping")
    assert ended.code == 2
    assert "is no address for callbacks: it" in ended.err
    assert bench.url() == ""


@pytest.mark.parametrize(
    "url", ["https://erp.example/orders?tenant=1", "https://10.0.0.7:8443", "https://[2001:db8::1]/"]
)
def test_a_right_address_is_taken(bench: Bench, url: str) -> None:
    bench.stage = "test"
    assert bench.run("set", "sap-emea", url, "--no-ping").code == 0
    assert bench.url() == url


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", "sap-emea", "https://erp.example", "--also", "paid"),
        ("set", "sap emea", "https://erp.example", "--no-ping"),
        ("set", "sap-emea", "https://erp.example", "--wanted-from", "yesterday"),
        ("resend", "sap-emea"),
        ("resend", "sap-emea", "--from", "2026-11-24", "--to", "2026-11-23"),
        ("resend", "o-000000000000000000000000", "--from", "2026-11-24"),
        ("deliveries", "SO-1"),
    ],
    ids=" ".join,
)
def test_a_wrong_call_says_what_is_right(bench: Bench, arguments: tuple[str, ...]) -> None:
    ended = bench.run(*arguments)
    assert ended.code == 2
    assert ended.err


def test_an_outcome_is_sent_again_and_its_deliveries_are_shown(bench: Bench) -> None:
    world = bench.world
    order_id = world.order()
    assert "it has no outcome yet" in bench.run("resend", order_id).err
    world.confirm(order_id)
    assert "`callbacks set` gives its source an address" in bench.run("resend", order_id).err
    wish = Subscription("sap-emea", "https://erp.example/")
    bench.subscriptions.put(wish)
    world.app.subscriptions.put(wish)
    assert bench.run("deliveries", order_id).out == "nothing was tried\n"
    assert bench.run("resend", order_id).out == f"{order_id}: announced\n"
    world.work()
    shown = bench.run("deliveries", order_id).out.splitlines()
    assert shown == [f"{order_id}.confirmed  DELIVERED  1 tries", "  2026-11-23T10:15:00Z  0 ms  HTTP 204"]
    assert "told already; --again tells it once more" in bench.run("resend", order_id).err
    assert bench.run("resend", order_id, "--again").code == 0
    assert "there is no order" in bench.run("resend", "o-000000000000000000000000").err
    world.stream()
    world.app.clock.advance(1)
    assert bench.run("resend", "sap-emea", "--from", "2026-11-23").out == "sap-emea: 1 told already\n"
    assert bench.run("resend", "navision", "--from", "2026-11-23").out == "navision: no outcomes\n"


def test_deliveries_say_what_is_wrong_and_when_it_is_tried_again(bench: Bench) -> None:
    erp = MemoryErp()
    erp.down = True
    bench.world = World(erp)
    bench.world.set()
    order_id = bench.world.order()
    bench.world.confirm(order_id)
    bench.world.tick()
    assert bench.run("deliveries", order_id).out.splitlines() == [
        f"{order_id}.confirmed  WAITING  1 tries",
        "  2026-11-23T10:15:00Z  0 ms  CallbackPostponed: erp:sap-emea is unavailable: HTTP 503",
        "  problem   CallbackPostponed: erp:sap-emea is unavailable: HTTP 503",
        "  next try  2026-11-23T10:15:15Z",
    ]
