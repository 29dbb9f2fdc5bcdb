"""Reading a JSON body strictly: every way of being wrong is a 4xx that says where, none is a surprise.

Python's json is lenient where an order must not be: it keeps the last of two equal names, and fails with errors of its
own on deep nesting and endless numbers. (It also takes NaN; no field of ours does, and then the field is named.)
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import JSON, Request

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""What API Gateway puts in place of bytes that are not UTF-8, before we see them: an umlaut in Latin-1, lost."""


class _Repeating(dict[str, Any]):
    """An object in which some names stood more than once."""

    repeated: tuple[str, ...] = ()


def json_object(request: Request, max_bytes: int) -> Mapping[str, Any]:
    """The JSON object of the body. Raises Problem: 400, 413, 415, 422."""
    _check_media_type(request.headers.get("content-type", JSON))
    value = _parse(_decode(_bytes(request, max_bytes)))
    if not isinstance(value, dict):
        message = f"must be a JSON object {{...}}, but is {_kind(value)}"
        raise Problem(problems.VALIDATION, f"The body {message}.", [FieldError("", message)])
    return value


def _check_media_type(header: str) -> None:
    """RFC 8259: JSON between systems is UTF-8."""
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    if media_type != JSON or any(part.replace('"', "") not in ("", "charset=utf-8") for part in parameters):
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON in UTF-8.",
            [FieldError("Content-Type", "must be application/json")],
        )


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


def _decode(data: bytes) -> str:
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise _malformed("begins with a byte order mark: send plain UTF-8 without one")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"is not UTF-8 at byte {error.start + 1}") from None
    if REPLACEMENT in text:
        raise _malformed(f"is not UTF-8 at or before character {text.index(REPLACEMENT) + 1}")
    return text


def _parse(text: str) -> Any:
    repeating: list[_Repeating] = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) == len(pairs):
            return made
        marked = _Repeating(made)
        marked.repeated = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        repeating.append(marked)
        return marked

    try:
        value = json.loads(text, object_pairs_hook=make_object)
    except json.JSONDecodeError as error:
        raise _malformed(f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _malformed("is nested too deeply") from None
    except ValueError:  # more digits than int() converts (sys.set_int_max_str_digits)
        raise _malformed("holds a number with thousands of digits") from None
    if repeating:
        found = [FieldError(path[:200], "stands more than once in its object") for path in _repeated_paths(value)]
        raise Problem(problems.MALFORMED, "Every name may stand once in an object.", found)
    return value


def _repeated_paths(value: Any) -> Iterator[str]:
    """Without recursion: the nesting may be as deep as the parser allows. Objects that were replaced by a later one
    of the same name are not reached; their holder is named."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, current = waiting.pop()
        prefix = f"{path[:200]}." if path else ""
        if isinstance(current, _Repeating):
            yield from (f"{prefix}{name}" for name in current.repeated)
        if isinstance(current, dict):
            waiting += [(f"{prefix}{name[:100]}", inner) for name, inner in current.items()]
        elif isinstance(current, list):
            waiting += [(f"{path[:200]}[{index}]", inner) for index, inner in enumerate(current)]


def _malformed(message: str) -> Problem:
    return Problem(problems.MALFORMED, f"The body {message}.", [FieldError("", message)])


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        problems.TOO_LARGE,
        f"The body may have at most {max_bytes:,} bytes.",
        [FieldError("", f"has more than {max_bytes:,} bytes: split the order, or send a batch")],
    )


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")
