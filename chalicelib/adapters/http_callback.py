"""Signed HTTP callbacks to ERPs, as the Standard Webhooks specification has them (version 1.0.0).

The signature is HMAC-SHA256 over `<id>.<timestamp>.<body>`; during a rotation several signatures are sent, one per
secret. Receivers compare in constant time and refuse timestamps that are more than 5 minutes off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult

from chalicelib.acknowledgements.address import WrongAddress, checked_address
from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured, PermanentError
from chalicelib.ports import Clock

TIMEOUT_S = 5
"""For all of it: the name, the connection, sending, and the answer, however slowly it drips."""

MAX_ANSWER_BYTES = 4096
"""More of an answer's body is not read: its status says everything."""

SECRET_PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)


class CallbackRefused(PermanentError):
    """The ERP understood the callback and will not have it (4xx); repeating it cannot help."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class CallbackPostponed(DependencyUnavailable):
    """The ERP answered that it cannot take the callback now (5xx and the like)."""

    def __init__(self, dependency: str, status: int) -> None:
        self.status = status
        super().__init__(dependency, f"HTTP {status}")


@dataclass(frozen=True, slots=True)
class CallbackTarget:
    """Where a source wants its answers, and the secrets to sign them with, the newest first (`whsec_` + base64)."""

    source: str
    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"CallbackTarget({self.source!r}, {self.url!r})"


@dataclass(frozen=True, slots=True)
class HttpCallback:
    """Posts one callback, in `timeout_s` for all of it. `plain_http` allows http:// and is for local stages only."""

    clock: Clock
    plain_http: bool = False
    timeout_s: float = TIMEOUT_S

    def send(self, target: CallbackTarget, message_id: str, body: bytes) -> int:
        """The status of the answer, 2xx. `message_id` is the same for every repeat, so that the receiver can drop one.

        Raises DependencyUnavailable, DependencyTimeout (perhaps received), CallbackRefused, Misconfigured.
        """
        try:
            address = checked_address(target.url, self.plain_http)
        except WrongAddress as error:
            raise Misconfigured(f"the callback address of {target.source} cannot be used: {error}") from None
        exchange = _Exchange(address, body, self._headers(target, message_id, body), self.timeout_s)
        status = exchange.status(f"erp:{target.source}")
        if 200 <= status < 300:
            return status
        raise _refusal(f"erp:{target.source}", status)

    def _headers(self, target: CallbackTarget, message_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Orderbridge",
            "Connection": "close",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signatures(target.secrets, message_id, timestamp, body),
        }


@dataclass(slots=True)
class _Exchange:
    """One request and its answer within a total deadline.

    Timeouts of sockets begin anew with every byte, and names are looked up without any; so it runs in a thread of its
    own, whose socket is shut when time is up. Redirects are not followed: a signed order must not be sent on to an
    address that nobody configured.
    """

    address: SplitResult
    body: bytes
    headers: Mapping[str, str]
    timeout_s: float
    _answered: int = 0
    _problem: Exception | None = None
    _socket: socket.socket | None = None

    def status(self, name: str) -> int:
        """Raises DependencyUnavailable, DependencyTimeout, CallbackRefused."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        thread.join(self.timeout_s)
        answered, problem = self._answered, self._problem
        if thread.is_alive():
            self._shut()
        if answered:
            return answered  # its status counts, whatever became of the body
        if thread.is_alive():
            raise DependencyTimeout(name, f"no answer within {self.timeout_s:g} s")
        if isinstance(problem, TimeoutError):
            raise DependencyTimeout(name, "no answer in time") from problem
        if isinstance(problem, http.client.InvalidURL | UnicodeError):
            raise CallbackRefused(f"{name}: the address cannot be called: {type(problem).__name__}") from problem
        raise DependencyUnavailable(name, type(problem).__name__) from problem

    def _run(self) -> None:
        try:
            connection = _connection(self.address, self.timeout_s)
            try:
                connection.connect()
                self._socket = connection.sock
                path = (self.address.path or "/") + (f"?{self.address.query}" if self.address.query else "")
                connection.request("POST", path, self.body, dict(self.headers))
                answer = connection.getresponse()
                self._answered = answer.status
                answer.read(MAX_ANSWER_BYTES)
            finally:
                connection.close()
        except Exception as problem:  # noqa: BLE001 - the caller's thread says what it means
            self._problem = problem

    def _shut(self) -> None:
        """What is still connecting ends by the socket's own timeout."""
        if self._socket is not None:
            with suppress(OSError):  # shut already
                self._socket.shutdown(socket.SHUT_RDWR)


def _connection(address: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    host = address.hostname or ""
    if address.scheme == "https":  # the port is always named: an IPv6 address must not be searched for one
        return http.client.HTTPSConnection(host, address.port or 443, timeout=timeout_s, context=_trusted())
    return http.client.HTTPConnection(host, address.port or 80, timeout=timeout_s)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


def signatures(secrets: Sequence[str], message_id: str, timestamp: str, body: bytes) -> str:
    """The header's value: `v1,<base64>` per secret, separated by whitespace. Raises Misconfigured for a bad secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    made = [hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets]
    return " ".join("v1," + base64.b64encode(digest).decode() for digest in made)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise Misconfigured("a callback secret must be whsec_ and 24 to 64 bytes in base64")
    return key


def _refusal(name: str, status: int) -> Exception:
    """429 and 408 pass, like all of 5xx; a redirect is not followed: the address is wrong."""
    if status in (408, 425, 429) or status >= 500:
        return CallbackPostponed(name, status)
    return CallbackRefused(f"{name} answered HTTP {status}", status)
