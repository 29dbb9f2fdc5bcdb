"""A real peer that speaks Stripe's protocol: localstripe in a process of its own, and a proxy that records and fails.

localstripe 1.15 knows neither idempotency keys nor `off_session` on a confirmation nor decline codes. What Stripe
answers beyond it, as its documentation says, the proxy puts in.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

from local.emulator.aws import HOST, free_port

KEY = "sk_test_orderbridge"
START_TIMEOUT_S = 120.0
STORE = Path("/tmp/localstripe.pickle")
"""localstripe writes its state there after every change, and cannot be told not to."""


@dataclass(frozen=True, slots=True)
class LocalStripe:
    """localstripe, running."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        return self._request("GET", f"{path}?{urllib.parse.urlencode(query)}")

    def post(self, path: str, **data: str | int) -> dict[str, Any]:
        return self._request("POST", path, urllib.parse.urlencode(data))

    def forget_everything(self) -> None:
        self._request("DELETE", "/_config/data")

    def succeeded_charges(self) -> list[dict[str, Any]]:
        charges: list[dict[str, Any]] = self.get("/v1/charges", limit=100)["data"]
        return [charge for charge in charges if charge["status"] == "succeeded"]

    def _request(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        connection = HTTPConnection(HOST, self.port, timeout=60)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, f"{method} {path}: {answer.status} {text!r}"
        return cast(dict[str, Any], json.loads(text)) if text else {}


@contextmanager
def localstripe() -> Iterator[LocalStripe]:
    port = free_port()
    command = [sys.executable, "-m", "localstripe", "--from-scratch", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield LocalStripe(port)
    finally:
        process.terminate()
        process.wait(timeout=60)
        STORE.unlink(missing_ok=True)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        assert process.poll() is None, f"localstripe ended with {process.returncode}"
        assert time.monotonic() < deadline, "localstripe does not listen"
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came by. `form` are the decoded parameters."""

    method: str
    path: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def idempotency_key(self) -> str:
        return self.headers.get("idempotency-key", "")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead to a request whose method and path end match.

    `forward`: it reaches localstripe all the same. `status` None: no answer arrives. Else `body` or `error` does.
    """

    method: str
    path_end: str
    forward: bool = False
    status: int | None = None
    error: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class StripeProxy:
    """Between the SDK and localstripe. `faults` are used up, each by the first request that it matches."""

    def __init__(self, peer: LocalStripe) -> None:
        self.peer = peer
        self.requests: list[Recorded] = []
        self.faults: list[Fault] = []
        self.drop_parameters: tuple[str, ...] = ("off_session",)
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def keys(self) -> list[str]:
        """The idempotency keys of the requests that change something."""
        return [request.idempotency_key for request in self.requests if request.method == "POST"]

    @contextmanager
    def running(self) -> Iterator[StripeProxy]:
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                proxy._handle(self)

            def do_POST(self) -> None:
                proxy._handle(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        return Handler

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        headers = {name.lower(): value for name, value in handler.headers.items()}
        form = dict(urllib.parse.parse_qsl(body))
        request = Recorded(handler.command, handler.path, headers, form)
        self.requests.append(request)
        fault = self._take_fault(request)
        if fault is None or fault.forward:
            status, text = self._forward(request)
        if fault is not None:
            if fault.status is None:
                handler.close_connection = True
                return
            status, text = fault.status, json.dumps(fault.body or {"error": fault.error}).encode()
        _answer(handler, status, text, fault.headers if fault else {})

    def _take_fault(self, request: Recorded) -> Fault | None:
        for fault in self.faults:
            if fault.method == request.method and request.path.partition("?")[0].endswith(fault.path_end):
                self.faults.remove(fault)
                return fault
        return None

    def _forward(self, request: Recorded) -> tuple[int, bytes]:
        form = {name: value for name, value in request.form.items() if name not in self.drop_parameters}
        passed_on = ("authorization", "content-type")
        headers = {name: value for name, value in request.headers.items() if name in passed_on}
        connection = HTTPConnection(HOST, self.peer.port, timeout=60)
        connection.request(request.method, request.path, urllib.parse.urlencode(form), headers)
        answer: HTTPResponse = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text


def _answer(handler: BaseHTTPRequestHandler, status: int, text: bytes, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", "Request-Id": "req_proxy", **headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    handler.wfile.write(text)


class Secrets:
    """As much of a Secrets Manager client as the key needs; `value` may be rotated, `reads` are counted."""

    def __init__(self, value: str = KEY) -> None:
        self.value = value
        self.reads = 0

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        self.reads += 1
        return {"Name": SecretId, "SecretString": self.value}
