"""One signed call: verified by the specification's own library, on a real connection, within a total deadline."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from standardwebhooks import Webhook

from chalicelib.adapters.http_callback import CallbackPostponed, CallbackRefused, CallbackTarget, HttpCallback
from chalicelib.adapters.system import SystemClock
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured
from tests.support.acknowledgements.receiver import OLD_SECRET, SECRET, Receiver, receiving

BODY = b'{"type": "order.confirmed"}'


@pytest.fixture
def erp() -> Iterator[Receiver]:
    with receiving() as peer:
        yield peer


def send(url: str, *secrets: str, timeout_s: float = 5) -> int:
    target = CallbackTarget("sap-emea", url, secrets or (SECRET,))
    return HttpCallback(SystemClock(), plain_http=True, timeout_s=timeout_s).send(target, "o-1.confirmed", BODY)


def test_the_signature_is_what_the_specification_says(erp: Receiver) -> None:
    assert send(erp.url) == 200
    headers, body = erp.received[0]
    assert Webhook(SECRET).verify(body, headers) == {"type": "order.confirmed"}
    assert headers["webhook-id"] == "o-1.confirmed"


def test_while_rotating_both_secrets_sign(erp: Receiver) -> None:
    send(erp.url, SECRET, OLD_SECRET)
    headers, body = erp.received[0]
    Webhook(SECRET).verify(body, headers)
    Webhook(OLD_SECRET).verify(body, headers)


def test_the_query_of_an_address_is_kept(erp: Receiver) -> None:
    assert send(f"{erp.url}?tenant=1") == 200


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_passing_refusal_is_tried_again_later(erp: Receiver, status: int) -> None:
    erp.answers = [status]
    with pytest.raises(CallbackPostponed) as refused:
        send(erp.url)
    assert refused.value.status == status


@pytest.mark.parametrize("status", [400, 404, 302])
def test_a_lasting_refusal_says_so(erp: Receiver, status: int) -> None:
    erp.answers = [status]
    with pytest.raises(CallbackRefused, match=f"HTTP {status}") as refused:
        send(erp.url)
    assert refused.value.status == status
    assert len(erp.received) == 1, "a redirect is not followed"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://[::1]:9/", "http://[::1]/", "https://[::1]/"])
def test_nobody_there(url: str) -> None:
    with pytest.raises(DependencyUnavailable):
        send(url)


def test_plain_http_is_refused_in_deployed_stages(erp: Receiver) -> None:
    with pytest.raises(Misconfigured, match="https"):
        HttpCallback(SystemClock()).send(CallbackTarget("sap-emea", erp.url, (SECRET,)), "x", b"{}")
    assert erp.received == []


def test_a_short_secret_is_refused(erp: Receiver) -> None:
    with pytest.raises(Misconfigured, match="24 to 64 bytes"):
        send(erp.url, "whsec_YWJj")


@pytest.mark.parametrize(
    "url",
    [
        "http://erp..example.com/cb",
        f"http://{'a' * 64}.example/",
        "http://127.0.0.1:9/b\u00fccher",
        "http://b\u00fccher.example/",
        "http://127.0.0.1:9/a b",
        "http://127.0.0.1:99999/",
        "http://user:secret@127.0.0.1:9/",
        "http://[::1/",
        "http:///orders",
    ],
)
def test_an_address_that_cannot_be_used_is_named_and_costs_its_own_message_only(url: str) -> None:
    with pytest.raises(Misconfigured, match="the callback address of sap-emea cannot be used"):
        send(url)


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """Something that listens, and does what it wants with the first connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):  # the caller hangs up
                behave(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(10)


def dripping(beginning: bytes) -> Callable[[socket.socket], None]:
    """Sends the beginning, then a byte now and then, for ever."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(beginning)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    return behave


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\nx-slow: "])
def test_an_answer_that_drips_ends_at_the_deadline(beginning: bytes) -> None:
    """No single read times out."""
    with peer(dripping(beginning)) as url, pytest.raises((DependencyTimeout, DependencyUnavailable)):
        send(url, timeout_s=0.5)


def test_a_body_that_never_ends_does_not_undo_the_status() -> None:
    with peer(dripping(b"HTTP/1.1 200 OK\r\n\r\n")) as url:
        assert send(url, timeout_s=0.5) == 200


def test_of_a_large_answer_only_the_beginning_is_read() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n" + b"x" * 8192)
        while connection.recv(65536):
            pass

    with peer(behave) as url:
        assert send(url) == 200
