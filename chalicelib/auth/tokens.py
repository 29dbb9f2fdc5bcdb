"""API tokens: what they are and how one is checked. Only the SHA-256 of its secret is ever stored.

A token is `ob_<id>_<secret>`: the id (12 characters) finds the record and may be shown and logged, the secret
(256 random bits in 43 characters) may not. A plain hash is enough for it: nobody guesses 256 bits, so there is
nothing that a slow password hash would slow down.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

CACHE_SECONDS = 60
"""How long API Gateway may reuse what the authorizer answered (`ttl_seconds` in app.py): a revoked token still passes
for at most this long. An expired one does not: its expiry travels with the answer and is checked in every call."""

ID_CHARACTERS = 12
SECRET_BYTES = 32
_TOKEN = re.compile(r"ob_([a-z2-7]{12})_([A-Za-z0-9_-]{43})\Z", re.ASCII)


class Role(StrEnum):
    """What a token may do. `ingest` is bound to one source: it posts orders and reads its own."""

    INGEST = "ingest"
    READ = "read"
    OPERATE = "operate"


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as it is stored. `source` is empty unless the role is ingest; `secret_hash` is SHA-256 in hex."""

    token_id: str
    role: Role
    source: str
    label: str
    secret_hash: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`valid`, `revoked` or `expired`."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return "revoked"
        return "valid" if now < self.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a valid token, without its secret."""

    token_id: str
    role: Role
    source: str
    label: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a token is not accepted, for the log: the caller only learns 401. `token_id` is empty if malformed."""

    reason: str
    token_id: str = ""


class TokenStore(Protocol):
    """The records of all tokens, strongly consistent. Raises DependencyUnavailable, DependencyTimeout."""

    def create(self, record: TokenRecord) -> bool:
        """Store a new record; False, and nothing stored, if the id is taken."""
        ...

    def get(self, token_id: str) -> TokenRecord | None: ...

    def revoke(self, token_id: str, at: datetime) -> TokenRecord | None:
        """From `at` on the token is not valid; a first revocation stays. The record, None if there is none."""
        ...

    def expire_by(self, token_id: str, at: datetime) -> TokenRecord | None:
        """Expires at `at` unless it expires earlier: a lifetime is never extended. None if there is no such token."""
        ...

    def all(self) -> Iterator[TokenRecord]:
        """Every record, in no order."""
        ...


def new_token(entropy: Callable[[int], bytes]) -> tuple[str, str, str]:
    """Id, hash of the secret, and the whole token, which is not kept anywhere. `entropy(n)` gives n random bytes."""
    token_id = base64.b32encode(entropy(8)).decode().lower()[:ID_CHARACTERS]
    secret = base64.urlsafe_b64encode(entropy(SECRET_BYTES)).decode().rstrip("=")
    return token_id, secret_hash(secret), f"ob_{token_id}_{secret}"


def secret_hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def authorize(store: TokenStore, token: str, now: datetime) -> Principal | Denied:
    """Who the token belongs to, if it is valid now."""
    match = _TOKEN.match(token)
    if match is None:
        return Denied("malformed")
    token_id, secret = match.groups()
    record = store.get(token_id)
    if record is None or not hmac.compare_digest(record.secret_hash, secret_hash(secret)):
        return Denied("unknown", token_id)
    state = record.state(now)
    if state != "valid":
        return Denied(state, token_id)
    return Principal(record.token_id, record.role, record.source, record.label, record.expires_at)
