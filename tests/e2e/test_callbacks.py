"""An ERP that wants to be called: told while it is up, later if it was down, and never lost if it refuses."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Role
from tests.support.acknowledgements.receiver import SECRET, Receiver, receiving
from tests.support.cli import typed
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import confirmed_order, event_types, switched, wait_until

pytestmark = pytest.mark.e2e

SOURCE = "erp-with-callbacks"


@pytest.fixture
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


def test_an_erp_that_is_set_late_is_up_down_or_refuses(stack: Deployed, erp: Receiver) -> None:
    early = submit(stack)
    wait_until(lambda: "OrderConfirmed" in event_types(stack, early), "an outcome before there is an address")
    callbacks(stack, "set", SOURCE, erp.url)
    assert [headers["webhook-id"][:5] for headers, _ in erp.received] == ["ping-"]
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

    wait_until(lambda: is_acknowledged(stack, early), "the reconciliation finds what the address missed")
    assert erp.told_about(early) == ["order.confirmed"]


def command(stack: Deployed, *arguments: str) -> str:
    """The output of `python -m chalicelib parking`."""
    ended = typed("parking", *arguments, parking=stack.app.parking)
    assert ended.code == 0
    return ended.out
