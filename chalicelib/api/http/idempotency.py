"""`Idempotency-Key`: whoever repeats a POST with the same key gets the first answer, whatever has happened since.

As draft-ietf-httpapi-idempotency-key-header has it: the same key with another request is 422, one that is still at work
409. A key belongs to the source of the token (an operator's: to the token) and the route. Only good answers are kept: a
request that was refused has done nothing, and may be corrected under the same key. Without the header nothing is
written; orders and batches are recognised by their own identity anyway.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import Request, Response
from chalicelib.auth.tokens import Principal
from chalicelib.domain.errors import TransientError
from chalicelib.observability import logger
from chalicelib.ports import Clock
from chalicelib.ports.idempotency import IdempotencyKeys, KeptAnswer, KeyRecord

HEADER = "Idempotency-Key"
MAX_CHARACTERS = 255

RETENTION = timedelta(hours=24)
"""How long a key is known, counted from its first use."""

LONGEST_CALL = timedelta(seconds=30)
"""API Gateway and the function have given up by then: a key without an answer was left by a call that died."""

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"', re.ASCII)
_BARE = re.compile(r"[!#-~]+", re.ASCII)


def once(
    keys: IdempotencyKeys, clock: Clock, request: Request, principal: Principal, act: Callable[[], Response]
) -> Response:
    """What `act` answers, or the answer that it gave to the key first. Raises Problem (400, 409, 422), and what `act`
    raises."""
    key = _record_id(_given(request.headers[HEADER.lower()]), request, principal)
    now = clock.now()
    mine = KeyRecord(_fingerprint(request), uuid4().hex, now + LONGEST_CALL, now + RETENTION)
    known = keys.claim(key, mine, now)
    if known is not None:
        return _first_answer(known, mine)
    answer = None
    try:
        answer = act()
    finally:
        if answer is None:
            keys.release(key, mine.holder)
    try:
        keys.complete(key, replace(mine, answer=KeptAnswer(answer.status, dict(answer.headers), answer.text())))
    except TransientError as error:  # it is done: a repeat finds the key at work, and after that what was done
        logger().warning("answer not kept for its key", extra={"error": type(error).__name__})
    return answer


def _first_answer(known: KeyRecord, mine: KeyRecord) -> Response:
    if known.fingerprint != mine.fingerprint:
        raise Problem(
            problems.KEY_REUSED,
            f"The {HEADER} was used for another request: take a new key for each.",
            [FieldError(HEADER, "was used with another path or body")],
        )
    if known.answer is None:
        raise Problem(
            problems.IN_FLIGHT,
            "The first request with this key is still at work: repeat the very same request in a second.",
            headers={"Retry-After": "1"},
        )
    return Response(known.answer.status, known.answer.body, {**known.answer.headers, "Idempotent-Replayed": "true"})


def _given(header: str) -> str:
    """A string of RFC 8941 in its quotes, or, as many send it, without them."""
    text = header.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text if _BARE.fullmatch(text) else ""
    if not 1 <= len(key) <= MAX_CHARACTERS:
        wanted = f"must be 1 to {MAX_CHARACTERS} visible ASCII characters, in quotes or not, such as a UUID"
        raise Problem(problems.MALFORMED, f"The header {HEADER} {wanted}.", [FieldError(HEADER, wanted)])
    return key


def _record_id(key: str, request: Request, principal: Principal) -> str:
    return _hashed(principal.source or principal.token_id, request.resource, key)


def _fingerprint(request: Request) -> str:
    """Path and body as they came: what is written otherwise is another request."""
    body = request.body if isinstance(request.body, str) else (request.body or b"").decode("latin-1")
    return _hashed(request.path.rstrip("/"), body)


def _hashed(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
