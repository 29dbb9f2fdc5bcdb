"""Signed HTTP callbacks to ERPs, as the Standard Webhooks specification has them (version 1.0.0).

The signature is HMAC-SHA256 over `<id>.<timestamp>.<body>`; during a rotation several signatures are sent, one per
secret. Receivers compare in constant time and refuse timestamps that are more than 5 minutes off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured, PermanentError
from chalicelib.ports import Clock

TIMEOUT_S = 5
SECRET_PREFIX = "whsec_"
SECRET_BYTES = range(24, 65)


class CallbackRefused(PermanentError):
    """The ERP understood the callback and will not have it (4xx); repeating it cannot help."""


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
    """Posts one callback. `plain_http` allows http:// and is for local stages only."""

    clock: Clock
    plain_http: bool = False

    def send(self, target: CallbackTarget, message_id: str, body: bytes) -> None:
        """`message_id` is the same for every repeat, so that the receiver can drop one.

        Raises DependencyUnavailable, DependencyTimeout (perhaps received), CallbackRefused, Misconfigured.
        """
        if not target.url.startswith(("https://", "http://") if self.plain_http else "https://"):
            raise Misconfigured(f"the callback address of {target.source} must begin with https://")
        request = urllib.request.Request(target.url, body, self._headers(target, message_id, body), method="POST")
        name = f"erp:{target.source}"
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                answer.read(1024)
        except urllib.error.HTTPError as error:
            error.close()
            raise _refusal(name, error.code) from error
        except TimeoutError as error:
            raise DependencyTimeout(name, "no answer in time") from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if isinstance(getattr(error, "reason", None), TimeoutError):
                raise DependencyTimeout(name, "no connection in time") from error
            raise DependencyUnavailable(name, type(error).__name__) from error

    def _headers(self, target: CallbackTarget, message_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "Orderbridge",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signatures(target.secrets, message_id, timestamp, body),
        }


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
        return DependencyUnavailable(name, f"HTTP {status}")
    return CallbackRefused(f"{name} answered HTTP {status}")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A signed order must not be sent on to an address that nobody configured."""


_OPENER = urllib.request.build_opener(_NoRedirects)
