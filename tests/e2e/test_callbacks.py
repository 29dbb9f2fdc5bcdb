"""An ERP that wants to be called: told while it is up, later if it was down, and never lost if it refuses."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.acknowledgements.reconcile import ON_ITS_WAY
from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Role
from chalicelib.ports import Clock
from tests.support.acknowledgements.receiver import SECRET, Receiver, receiving
from tests.support.cli import typed
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import confirmed_order, event_types, switched, wait_until

pytestmark = pytest.mark.e2e

SOURCE = "erp-with-callbacks"


@pytest.fixture(scope="module")
def erp(stack: Deployed) -> Iterator[Receiver]:
    """An ERP whose address and secret are set as docs/callbacks.md says."""
    app = stack.app
    stack.aws.client("secretsmanager").create_secret(Name=app.callback.secret_name(SOURCE), SecretString=SECRET)
    issuer = TokenIssuer(app.tokens, app.clock, secrets.token_bytes)
    stack.api.stack.tokens["callbacks"] = issuer.create(Role.INGEST, SOURCE, timedelta(days=1), "test").token
    with receiving() as peer:
        yield peer
        callbacks(stack, "remove", SOURCE)


def callbacks(stack: Deployed, *arguments: str) -> str:
    """The output of `python -m chalicelib callbacks`."""
    names = ("subscriptions", "callback", "ping", "clock", "settings", "resend", "deliveries")
    parts: dict[str, Any] = {name: getattr(stack.app, name) for name in names}
    ended = typed("callbacks", *arguments, **parts)
    assert ended.code == 0, ended.err
    return ended.out


def submit(stack: Deployed) -> str:
    answer = stack.api.post("/orders", {**confirmed_order(), "source": SOURCE}, role="callbacks")
    assert answer.status == 202, answer.body
    return str(answer.body["order_id"])


def is_acknowledged(stack: Deployed, order_id: str) -> bool:
    return "ErpAcknowledged" in event_types(stack, order_id)


@dataclass(frozen=True)
class Later:
    """The sweep's clock when an outcome is no longer taken to be on its way."""

    clock: Clock

    def now(self) -> datetime:
        return self.clock.now() + ON_ITS_WAY + timedelta(seconds=1)

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def test_an_erp_that_is_set_late_is_up_down_or_refuses(stack: Deployed, erp: Receiver) -> None:
    callbacks(stack, "remove", SOURCE)
    early = submit(stack)
    wait_until(lambda: "OrderConfirmed" in event_types(stack, early), "an outcome before there is an address")
    callbacks(stack, "set", SOURCE, erp.url)
    assert erp.received[-1][0]["webhook-id"].startswith("ping-")
    with switched(stack, "erp", Mode.UNAVAILABLE, calls=1):
        postponed = submit(stack)
        wait_until(lambda: not stack.app.switches.status(), "the ERP was called in vain")
    told = submit(stack)
    wait_until(lambda: is_acknowledged(stack, told), "the ERP is told")
    assert erp.told_about(told) == ["order.confirmed"]

    erp.status = 404
    refused = submit(stack)
    wait_until(lambda: erp.told_about(refused) != [], "the ERP refuses")
    wait_until(lambda: refused in command(stack, "list"), "it is parked")
    assert "CallbackRefused: erp:erp-with-callbacks answered HTTP 404" in command(stack, "list")
    erp.status = 200
    command(stack, "retry", "all")
    wait_until(lambda: is_acknowledged(stack, refused), "it is sent again")

    wait_until(lambda: is_acknowledged(stack, postponed), "the queue delivers again")
    assert erp.told_about(postponed) == ["order.confirmed"]
    assert f"{told}.confirmed  DELIVERED  1 tries" in callbacks(stack, "deliveries", told)

    reconcile = replace(stack.app.reconcile_outcomes, clock=Later(stack.app.clock))
    wait_until(lambda: bool(reconcile()) and is_acknowledged(stack, early), "what the address missed is found")
    assert erp.told_about(early) == ["order.confirmed"]


def test_an_erp_is_told_when_its_batch_has_ended(stack: Deployed, erp: Receiver) -> None:
    callbacks(stack, "set", SOURCE, erp.url)
    orders = [{**confirmed_order(), "source": SOURCE}, {"external_id": "no order"}]
    taken = stack.api.post("/batches", {"source": SOURCE, "orders": orders}, role="callbacks")
    assert taken.status == 202, taken.body
    batch_id = taken.body["batch_id"]
    wait_until(lambda: told_about_batch(erp, batch_id) != [], "the ERP is told")
    [body, *repeats] = told_about_batch(erp, batch_id)
    assert all(repeat == body for repeat in repeats)
    assert body["type"] == "batch.completed"
    assert (body["data"]["lines"], body["data"]["counts"]["invalid"], body["data"]["counts"]["confirmed"]) == (2, 1, 1)
    shown = stack.api.get(body["data"]["links"]["self"], role="callbacks").body
    assert shown["state"] == "COMPLETED"


def told_about_batch(erp: Receiver, batch_id: str) -> list[dict[str, Any]]:
    """The callbacks about the batch, each with a true signature."""
    bodies = [Webhook(SECRET).verify(body, headers) for headers, body in erp.received]
    return [body for body in bodies if body["data"].get("batch_id") == batch_id]


def command(stack: Deployed, *arguments: str) -> str:
    """The output of `python -m chalicelib parking`."""
    ended = typed("parking", *arguments, parking=stack.app.parking)
    assert ended.code == 0
    return ended.out
