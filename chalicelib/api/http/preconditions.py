"""ETag, If-None-Match and If-Match of orders (RFC 9110, section 13): an order's entity tag is its version in quotes."""

from __future__ import annotations

import re

from chalicelib.api.http import problems
from chalicelib.api.http.problems import FieldError, Problem
from chalicelib.api.http.request import Request, Response
from chalicelib.domain.state import Order

_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_TAGS = re.compile(rf"(?:[ \t]*(?:{_TAG})?[ \t]*,)*[ \t]*(?:{_TAG})?[ \t]*")
_ANY = "*"


def etag(order: Order) -> str:
    return f'"{order.version}"'


def answer_unless_known(request: Request, order: Order, answer: Response) -> Response:
    """The answer with the order's tag, or 304 if the caller has that version. Raises Problem (400)."""
    tagged = {**answer.headers, "ETag": etag(order)}
    known = _tags(request, "If-None-Match")
    if known is not None and (_ANY in known or str(order.version) in {tag.removeprefix("W/") for tag in known}):
        return Response(304, "", tagged)
    return Response(answer.status, answer.body, tagged)


def wanted_versions(request: Request) -> frozenset[int] | None:
    """The versions of an order of which one must be the present one; None if any will do. Raises Problem (400)."""
    wanted = _tags(request, "If-Match")
    if wanted is None or _ANY in wanted:
        return None
    return frozenset(int(tag) for tag in wanted if re.fullmatch(r"[1-9][0-9]{0,8}", tag, re.ASCII))


def _tags(request: Request, name: str) -> list[str] | None:
    """The opaque tags of the header, weak ones with W/ in front; None without the header."""
    header = request.headers.get(name.lower())
    if header is None:
        return None
    if header.strip(" \t") == _ANY:
        return [_ANY]
    found = re.findall(_TAG, header) if _TAGS.fullmatch(header) else []
    if not found:
        wanted = 'must be * or entity tags in quotes as the header ETag gives them, such as "7"'
        raise Problem(problems.MALFORMED, f"The header {name} {wanted}.", [FieldError(name, wanted)])
    return [tag.replace('"', "") for tag in found]
