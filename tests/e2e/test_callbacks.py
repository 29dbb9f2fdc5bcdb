"""An ERP that wants to be called: told while it is up, later if it was down, and never lost if it refuses."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.adapters.fault_injection.switches import Mode
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import Role
from tests.support.cli import typed
from tests.support.e2e.deployed import Deployed
from tests.support.e2e.rehearsal import confirmed_order, event_types, switched, wait_until

pytestmark = pytest.mark.e2e

SOURCE = "erp-with-callbacks"
SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()


@dataclass
class Erp:
    """Remembers what it received and answers `status`."""

    url: str = ""
    status: int = 200
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def told_about(self, order_id: str) -> list[str]:
        """The types of the callbacks about the order, each with a true signature."""
        bodies = [Webhook(SECRET).verify(body, headers) for headers, body in self.received]
        return [str(body["type"]) for body in bodies if body["data"].get("order_id") == order_id]

    def told_about_batch(self, batch_id: str) -> list[dict[str, Any]]:
        """The callbacks about the batch, each with a true signature."""
        bodies = [Webhook(SECRET).verify(body, headers) for headers, body in self.received]
        return [body for body in bodies if body["data"].get("batch_id") == batch_id]


@contextmanager
def serving() -> Iterator[Erp]:
    erp = Erp()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            erp.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(erp.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        erp.url = f"http://127.0.0.1:{server.server_port}/orders"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield erp
        server.shutdown()


@pytest.fixture(scope="module")
def erp(stack: Deployed) -> Iterator[Erp]:
    """An ERP whose address and secret are set as docs/callbacks.md says."""
    app = stack.app
    stack.aws.client("secretsmanager").create_secret(Name=app.callbacks.secret_name(SOURCE), SecretString=SECRET)
    issuer = TokenIssuer(app.tokens, app.clock, secrets.token_bytes)
    stack.api.stack.tokens["callbacks"] = issuer.create(Role.INGEST, SOURCE, timedelta(days=1), "test").token
    with serving() as peer:
        app.callbacks.set_url(SOURCE, peer.url)
        yield peer
        app.callbacks.set_url(SOURCE, "")


def submit(stack: Deployed) -> str:
    answer = stack.api.post("/orders", {**confirmed_order(), "source": SOURCE}, role="callbacks")
    assert answer.status == 202, answer.body
    return str(answer.body["order_id"])


def is_acknowledged(stack: Deployed, order_id: str) -> bool:
    return "ErpAcknowledged" in event_types(stack, order_id)


def test_an_erp_that_is_up_down_or_refuses(stack: Deployed, erp: Erp) -> None:
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


def test_an_erp_is_told_when_its_batch_has_ended(stack: Deployed, erp: Erp) -> None:
    orders = [{**confirmed_order(), "source": SOURCE}, {"external_id": "no order"}]
    taken = stack.api.post("/batches", {"source": SOURCE, "orders": orders}, role="callbacks")
    assert taken.status == 202, taken.body
    batch_id = taken.body["batch_id"]
    wait_until(lambda: erp.told_about_batch(batch_id) != [], "the ERP is told")
    [body, *repeats] = erp.told_about_batch(batch_id)
    assert all(repeat == body for repeat in repeats)
    assert body["type"] == "batch.completed"
    assert (body["data"]["lines"], body["data"]["counts"]["invalid"], body["data"]["counts"]["confirmed"]) == (2, 1, 1)
    shown = stack.api.get(body["data"]["links"]["self"], role="callbacks").body
    assert shown["state"] == "COMPLETED"


def command(stack: Deployed, *arguments: str) -> str:
    """The output of `python -m chalicelib parking`."""
    ended = typed("parking", *arguments, parking=stack.app.parking)
    assert ended.code == 0
    return ended.out
