"""Giving out, rotating and revoking tokens: the decisions behind the `tokens` command."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.auth.tokens import Role, TokenRecord, TokenStore, new_token
from chalicelib.domain.errors import Contention, Refused
from chalicelib.domain.names import is_name
from chalicelib.ports import Clock

MAX_LIFETIME = timedelta(days=400)
MAX_TRIES = 5
MAX_LABEL_CHARACTERS = 60
_LABEL = re.compile(r"[ -~]*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token: the only place where it is ever whole. Hand it over and forget it."""

    token: str
    record: TokenRecord

    def __repr__(self) -> str:
        return f"Issued({self.record!r})"


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Raises Refused, saying what to do instead. `entropy(n)` gives n bytes of cryptographic quality."""

    store: TokenStore
    clock: Clock
    entropy: Callable[[int], bytes]

    def create(self, role: Role, source: str, lifetime: timedelta, label: str = "") -> Issued:
        """`source` names the ERP of an ingest token and is empty for the other roles."""
        _check(role, source, lifetime, label)
        now = self.clock.now()
        for _ in range(MAX_TRIES):
            token_id, hashed, token = new_token(self.entropy)
            record = TokenRecord(token_id, role, source, label, hashed, now, now + lifetime)
            if self.store.create(record):
                return Issued(token, record)
        raise Contention(f"{MAX_TRIES} new token ids were all taken: the source of randomness is broken")

    def rotate(self, token_id: str, overlap: timedelta, lifetime: timedelta) -> Issued:
        """A new token for the same role and source; the old one is valid for `overlap` more, at most.

        The new one is stored before the old one is shortened: a crash in between leaves both valid, never none.
        """
        old = self.store.get(token_id)
        if old is None:
            raise Refused(f"there is no token {token_id}")
        state = old.state(self.clock.now())
        if state != "valid":
            raise Refused(f"token {token_id} is {state}: create a new one instead")
        issued = self.create(old.role, old.source, lifetime, old.label)
        self.store.expire_by(token_id, self.clock.now() + overlap)
        return issued

    def revoke(self, token_id: str) -> TokenRecord:
        """Not valid any more, at once in the store, after `tokens.CACHE_SECONDS` at the door."""
        record = self.store.revoke(token_id, self.clock.now())
        if record is None:
            raise Refused(f"there is no token {token_id}")
        return record


def _check(role: Role, source: str, lifetime: timedelta, label: str) -> None:
    if role is Role.INGEST and not is_name(source):
        raise Refused("an ingest token needs the source that it may post for, such as sap-emea")
    if role is not Role.INGEST and source:
        raise Refused(f"a token of role {role} is for all sources: leave the source out")
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise Refused(f"a token lives longer than nothing and at most {MAX_LIFETIME.days} days")
    if len(label) > MAX_LABEL_CHARACTERS or not _LABEL.match(label):
        raise Refused(f"a label has at most {MAX_LABEL_CHARACTERS} printable ASCII characters")
