"""No mutation of a valid order, of its text or of its headers makes a 5xx, or an answer that is not documented."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.openapi.examples import ORDER
from tests.support.api import ApiBench

API = ApiBench()

SURROGATES = st.text(st.characters(codec=None), max_size=20)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | SURROGATES
    | st.sampled_from(["1e400", "NaN", "-0", "0" * 300, "١", "2026-11-23T10:15:00Z", "EUR", 10**400, -(2**63) - 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SURROGATES, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the inner ones too."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, part in inner for place in places(part, (*path, key)))]


PLACES = places(ORDER)

MUTATION = st.tuples(st.sampled_from(PLACES), ANYTHING, st.sampled_from(["replace", "add", "remove"]))


def mutated(order: Any, place: tuple[Any, ...], value: Any, action: str) -> Any:
    """`value` put at the place, beside it, or the place removed."""
    if not place:
        return value
    holder = copy.deepcopy(order)
    target = holder
    for key in place[:-1]:
        target = target[key] if isinstance(target, dict | list) and _has(target, key) else {}
    if not isinstance(target, dict | list):
        return holder
    key = place[-1]
    if action == "remove" and _has(target, key):
        del target[key]
    elif isinstance(target, dict):
        target[key if action == "replace" else str(value)[:50]] = value
    elif action == "replace" and _has(target, key):
        target[key] = value
    else:
        target.append(value)
    return holder


def _has(target: Any, key: Any) -> bool:
    return key in target if isinstance(target, dict) else isinstance(key, int) and key < len(target)


def check(reply: Any) -> None:
    assert reply.status < 500
    assert reply.status in (200, 202, 400, 403, 409, 413, 415, 422)
    if reply.status >= 400:
        assert reply.json["errors"] or reply.status == 409


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING, st.sampled_from(["replace", "add", "remove"])), max_size=3)
)
def test_mutated_orders(mutations: list[tuple[tuple[Any, ...], Any, str]]) -> None:
    order: Any = ORDER
    for place, value, action in mutations:
        order = mutated(order, place, value, action)
    check(API.post("/orders", json.dumps(order), API.ingest))


@given(st.integers(0, len(json.dumps(ORDER))), st.integers(0, 40), st.text(max_size=10))
def test_mutated_text(at: int, removed: int, inserted: str) -> None:
    text = json.dumps(ORDER)
    check(API.post("/orders", text[:at] + inserted + text[at + removed :], API.ingest))


@given(st.binary(max_size=60))
def test_any_bytes(body: bytes) -> None:
    check(API.request("POST", "/orders", body, token=API.ingest, is_base64=True))


@given(
    st.dictionaries(
        st.sampled_from(["status", "source", "from", "to", "limit", "cursor", "x"]) | st.text(max_size=8),
        st.lists(st.text(max_size=40), max_size=3),
        max_size=4,
    )
)
def test_any_parameters(parameters: dict[str, list[str]]) -> None:
    """As API Gateway hands them over, decoded."""
    event = API.authorized_event("GET", "/orders", API.read)
    event["multiValueQueryStringParameters"] = parameters or None
    assert API.app(event, None)["statusCode"] in (200, 422)


@given(st.text(max_size=100), st.text(max_size=80), st.text(max_size=100))
def test_any_header_values(correlation_id: str, content_type: str, token: str) -> None:
    headers = {"X-Correlation-ID": correlation_id, "Content-Type": content_type}
    check(API.request("POST", "/orders", ORDER, token=API.ingest, headers=headers))
    assert API.get("/orders", f"Bearer {token}").status == 401


@given(st.text(min_size=1, max_size=60), st.sampled_from(["", "/events"]))
def test_any_order_id(order_id: str, suffix: str) -> None:
    event = API.authorized_event("GET", f"/orders/x{suffix}", API.read)
    event["pathParameters"] = {"order_id": order_id}
    assert API.app(event, None)["statusCode"] == 404
