"""What a body says it is: `Content-Type` and `Content-Encoding` as RFC 9110 defines them; compressed bodies.

API Gateway decompresses a body itself, hands it on as text and leaves the header as it was
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html), so a
text is never compressed; only bytes that arrive in base 64 are decompressed here.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import JSON

CODINGS = "gzip, deflate, identity"
"""Those of API Gateway, for `Accept-Encoding`."""

CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
"""RFC 8259: JSON between systems is UTF-8; ASCII is a part of it."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})[ \t]*(;.*)?\Z", re.ASCII | re.DOTALL)
_PARAMETER = re.compile(rf';[ \t]*(?:({_TOKEN})=({_TOKEN}|"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~])*"))?[ \t]*')

_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15
"""`wbits` of zlib."""


class DoesNotFit(ValueError):
    """The body has more bytes than it may have once it is decompressed."""


def check_media_type(header: str) -> None:
    """JSON, with whatever parameters; of these only `charset` says something. Raises Problem (415)."""
    found = _MEDIA_TYPE.match(header.strip(" \t"))
    parameters = None if found is None else _parameters(found[2] or "")
    if found is None or parameters is None or found[1].lower() != JSON:
        raise _unsupported("must be application/json")
    if any(name == "charset" and value.lower() not in CHARSETS for name, value in parameters):
        raise _unsupported("must be application/json in UTF-8: encode it so, and leave the charset out")


def _parameters(text: str) -> list[tuple[str, str]] | None:
    """Name, in lower case, and value; None if this cannot be read. Empty parameters are allowed."""
    found, at = [], 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            return None
        if match[1]:
            value = re.sub(r"\\(.)", r"\1", match[2][1:-1]) if match[2].startswith('"') else match[2]
            found.append((match[1].lower(), value))
        at = match.end()
    return found


def content_coding(headers: Mapping[str, str]) -> str:
    """`gzip`, `deflate` or, mostly, `identity`. Raises Problem (415) for any other, and for several."""
    named = [part.strip(" \t").lower() for part in headers.get("content-encoding", "").split(",")]
    codings = [{"x-gzip": "gzip"}.get(name, name) for name in named if name not in ("", "identity")]
    if not codings:
        return "identity"
    if len(codings) > 1 or codings[0] not in ("gzip", "deflate"):
        raise unsupported_coding("may be gzip or deflate, once; leave it out for a body that is not compressed")
    return codings[0]


def unsupported_coding(message: str) -> Problem:
    """415, with what would have been taken."""
    return Problem(
        problems.UNSUPPORTED_MEDIA_TYPE,
        f"The header Content-Encoding {message}.",
        [FieldError("Content-Encoding", message)],
        headers={"Accept-Encoding": CODINGS},
    )


def decompressed(data: bytes, coding: str, max_bytes: int) -> bytes:
    """The content of a compressed body. Makes no more of it than it may be. Raises DoesNotFit, and ValueError for what
    is not compressed so, or not whole."""
    kinds = (_GZIP,) if coding == "gzip" else (_ZLIB, _RAW_DEFLATE)  # many senders mean the raw form by "deflate"
    for wbits in kinds:
        try:
            return b"".join(_members(data, wbits, max_bytes))
        except zlib.error:
            continue
    raise ValueError(f"is not compressed as {coding}, or not whole")


def _members(data: bytes, wbits: int, max_bytes: int) -> Iterator[bytes]:
    """gzip may have several parts, one behind the other. Each takes 18 bytes at least, which bounds their number."""
    left = max_bytes
    while data:
        stream = zlib.decompressobj(wbits)
        part = stream.decompress(data, left + 1)
        if len(part) > left:
            raise DoesNotFit
        if not stream.eof:
            raise zlib.error("not whole")
        yield part
        left -= len(part)
        data = stream.unused_data
        if data and wbits != _GZIP:
            raise zlib.error("something behind the end")


def _unsupported(message: str) -> Problem:
    return Problem(
        problems.UNSUPPORTED_MEDIA_TYPE,
        "The body must be JSON in UTF-8.",
        [FieldError("Content-Type", message)],
        headers={"Accept": JSON, "Accept-Post": JSON},
    )
