"""Reading a JSON body strictly: every way of being wrong is a 4xx that says where, none is a surprise."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from chalicelib.api.http import problems
from chalicelib.api.http.content import DoesNotFit, check_media_type, content_coding, decompressed, unsupported_coding
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import JSON, Request
from chalicelib.orders.json_text import MalformedJson, kind_of, read_json


def json_object(request: Request, max_bytes: int) -> Mapping[str, Any]:
    """The JSON object of the body. Raises Problem: 400, 413, 415, 422."""
    return parsed_object(body_text(request, max_bytes))


def body_text(request: Request, max_bytes: int) -> str:
    """The text of a body that says it is JSON, or says nothing. Raises Problem: 400, 413, 415."""
    check_media_type(request.headers.get("content-type", JSON))
    coding = content_coding(request.headers)
    data = _bytes(request, max_bytes)
    return _decode(data if coding == "identity" else _decompressed(request, data, coding, max_bytes))


def _bytes(request: Request, max_bytes: int) -> bytes:
    raw = request.body
    if not raw:
        raise _malformed("is empty: send the JSON object")
    if len(raw) > (max_bytes * 4 // 3 + 4 if request.is_base64 else max_bytes):
        raise _too_large(max_bytes)
    try:
        data = raw if isinstance(raw, bytes) else raw.encode("utf-8")
        data = base64.b64decode(data, validate=True) if request.is_base64 else data
    except binascii.Error:
        raise _malformed("is not valid base 64") from None
    except UnicodeEncodeError:
        raise _malformed("is not UTF-8") from None
    if len(data) > max_bytes:
        raise _too_large(max_bytes)
    return data


def _decompressed(request: Request, data: bytes, coding: str, max_bytes: int) -> bytes:
    if not request.is_base64:
        if data.startswith(b"\x1f"):  # of gzip, made a text by what does not know it: the rest is lost
            raise unsupported_coding("does not get through here: send the body without compressing it")
        return data
    try:
        return decompressed(data, coding, max_bytes)
    except DoesNotFit:
        raise _too_large(max_bytes) from None
    except ValueError as error:
        raise _malformed(str(error)) from None


def _decode(data: bytes) -> str:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _malformed("begins with a byte order mark: send plain UTF-8 without one")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"is not UTF-8 at byte {error.start + 1}") from None


def parsed_object(text: str) -> Mapping[str, Any]:
    """The JSON object of a text. Raises Problem: 400, 422."""
    try:
        value = read_json(text)
    except MalformedJson as error:
        if not error.places:
            raise _malformed(error.message) from None
        found = [FieldError(place, "stands more than once in its object") for place in error.places]
        raise Problem(problems.MALFORMED, "Every name may stand once in an object.", found) from None
    if not isinstance(value, dict):
        message = f"must be a JSON object {{...}}, but is {kind_of(value)}"
        raise Problem(problems.VALIDATION, f"The body {message}.", [FieldError("", message)])
    return value


def _malformed(message: str) -> Problem:
    return Problem(problems.MALFORMED, f"The body {message}.", [FieldError("", message)])


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        problems.TOO_LARGE,
        f"The body may have at most {max_bytes:,} bytes.",
        [FieldError("", f"has more than {max_bytes:,} bytes: split the order, or send a batch")],
    )
