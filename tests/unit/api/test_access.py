"""Who is let in, and to what: tokens, roles, expiry, rotation, revocation."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.adapters.memory import FixedClock
from chalicelib.api.authorizer import Unauthorized, authorizer_response
from chalicelib.api.openapi.examples import ORDER
from chalicelib.api.route import Route
from chalicelib.api.routes import ROUTES
from chalicelib.auth.issue import TokenIssuer
from chalicelib.auth.tokens import CACHE_SECONDS, Denied, Principal, Role, authorize
from chalicelib.batches.identity import batch_id_of
from chalicelib.batches.model import Format
from chalicelib.domain.errors import Contention, DependencyUnavailable, Refused
from chalicelib.domain.order import order_id
from chalicelib.observability import logger
from tests.support.api import STAGE_ARN, ApiBench

ORDER_ID = order_id("sap-emea", "SO-100045")
JOB_ID = "20261123T101502125000-1f2e3d4c"
BATCH_ID = batch_id_of("sap-emea", Format.JSONL, "utf-8", "", "0" * 64)


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def call(api: ApiBench, route: Route, token: str | None) -> int:
    path = route.path.format(order_id=ORDER_ID, id=ORDER_ID, job_id=JOB_ID, batch_id=BATCH_ID)
    body = {"reason": "a test"} if route.method == "POST" else None
    return api.request(route.method, path, body, token=token).status


@pytest.mark.parametrize("route", ROUTES, ids=lambda o: f"{o.method} {o.path}")
def test_every_route_asks_for_a_token_and_one_of_its_roles(api: ApiBench, route: Route) -> None:
    tokens = {Role.INGEST: api.ingest, Role.READ: api.read, Role.OPERATE: api.operate}
    if not route.roles:
        assert call(api, route, None) == 200
        return
    assert call(api, route, None) == 401
    for role, token in tokens.items():
        status = call(api, route, token)
        assert (status != 403) == (role in route.roles), f"{role}: {status}"


def test_a_wrong_role_is_told_which_it_needs(api: ApiBench) -> None:
    reply = api.post("/orders", ORDER, api.operate)
    assert reply.status == 403
    assert reply.json["type"] == "urn:orderbridge:problem:forbidden"
    assert reply.json["detail"] == "This needs a token of role ingest; yours has the role operate."


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer ob_x_y",
        "bearer",
        "ob_abcdefghijkl_" + "A" * 43,
        "Bearer ob_abcdefghijkl_" + "A" * 43,
        "Bearer ob_ABCDEFGHIJKL_" + "A" * 43,
        "Bearer \x00",
        "Bearer " + "A" * 9000,
    ],
)
def test_what_is_no_token_is_401(api: ApiBench, header: str) -> None:
    assert api.request("GET", "/orders", headers={"Authorization": header}).status == 401


def test_the_scheme_is_read_in_any_case(api: ApiBench) -> None:
    assert api.get("/orders", f"bearer {api.read}").status == 200
    assert api.get("/orders", f"BEARER  {api.read}").status == 200


def test_the_right_id_with_another_secret_is_401(api: ApiBench) -> None:
    head, _, secret = api.read.rpartition("_")
    for wrong in (secret[:-1] + ("A" if secret[-1] != "A" else "B"), secret[:-1], secret + "A", secret.lower()):
        assert api.get("/orders", f"{head}_{wrong}").status == 401


def test_a_token_ends_at_its_expiry(api: ApiBench) -> None:
    token = api.token(Role.READ, days=1).token
    api.fakes.clock.advance(86_399)
    assert api.get("/orders", token).status == 200
    api.fakes.clock.advance(1)
    assert api.get("/orders", token).status == 401


def test_an_expired_token_is_refused_even_while_the_gateway_remembers_it(api: ApiBench) -> None:
    token = api.token(Role.READ, days=1).token
    passed = api.authorized_event("GET", "/orders", token)["requestContext"]["authorizer"]
    api.cached[f"Bearer {token}"] = passed
    api.fakes.clock.advance(86_400)
    reply = api.get("/orders", token)
    assert reply.status == 401
    assert reply.json["type"] == "urn:orderbridge:problem:unauthorized"
    assert reply.header("WWW-Authenticate") == "Bearer"


def test_a_revoked_token_is_401(api: ApiBench) -> None:
    issued = api.token(Role.READ)
    assert api.get("/orders", issued.token).status == 200
    api.token_issuer.revoke(issued.record.token_id)
    assert api.get("/orders", issued.token).status == 401
    assert CACHE_SECONDS <= 60, "how long the gateway may still accept it"


def test_rotation_loses_no_request(api: ApiBench) -> None:
    """Old and new are both valid during the overlap, the new one alone afterwards."""
    old = api.token(Role.INGEST, "sap-emea")
    new = api.token_issuer.rotate(old.record.token_id, timedelta(hours=24), timedelta(days=90))
    assert (new.record.role, new.record.source) == (Role.INGEST, "sap-emea")
    for hours in range(24):
        for token in (old.token, new.token):
            assert api.post("/orders", {**ORDER, "external_id": f"SO-{hours}"}, token).status in (200, 202)
        api.fakes.clock.advance(3600)
    assert api.post("/orders", ORDER, old.token).status == 401
    assert api.post("/orders", ORDER, new.token).status == 202


def test_rotation_never_prolongs_the_old_token(api: ApiBench) -> None:
    old = api.token(Role.READ, days=1)
    api.token_issuer.rotate(old.record.token_id, timedelta(days=30), timedelta(days=90))
    record = api.tokens.get(old.record.token_id)
    assert record is not None
    assert record.expires_at == old.record.expires_at


class TestDesk:
    """What cannot be given out."""

    def test_refusals_say_why(self, api: ApiBench) -> None:
        fakes, day = api.token_issuer, timedelta(days=1)
        for role, source, lifetime, label, why in [
            (Role.INGEST, "", day, "", "needs the source"),
            (Role.INGEST, "SAP EMEA", day, "", "needs the source"),
            (Role.OPERATE, "sap-emea", day, "", "leave the source out"),
            (Role.READ, "", timedelta(0), "", "at most 400 days"),
            (Role.READ, "", 401 * day, "", "at most 400 days"),
            (Role.READ, "", day, "x" * 61, "60 printable"),
            (Role.READ, "", day, "Zoë", "60 printable"),
        ]:
            with pytest.raises(Refused, match=why):
                fakes.create(role, source, lifetime, label)

    def test_only_a_valid_token_is_rotated(self, api: ApiBench) -> None:
        revoked, expired = api.token(Role.READ).record, api.token(Role.READ, days=1).record
        api.token_issuer.revoke(revoked.token_id)
        api.fakes.clock.advance(86_400)
        for token_id, why in [(revoked.token_id, "revoked"), (expired.token_id, "expired"), ("unknown", "no token")]:
            with pytest.raises(Refused, match=why):
                api.token_issuer.rotate(token_id, timedelta(hours=1), timedelta(days=1))
        with pytest.raises(Refused, match="no token"):
            api.token_issuer.revoke("unknown")

    def test_broken_randomness_is_noticed(self, api: ApiBench) -> None:
        fakes = TokenIssuer(api.tokens, api.fakes.clock, lambda size: b"\x04" * size)
        fakes.create(Role.READ, "", timedelta(days=1))
        with pytest.raises(Contention, match="randomness"):
            fakes.create(Role.READ, "", timedelta(days=1))


class TestAuthorizer:
    """What API Gateway is told."""

    def test_a_valid_token_opens_all_routes_and_says_who_it_is(self, api: ApiBench) -> None:
        """Flat texts only: API Gateway refuses anything else in the context."""
        request = SimpleNamespace(token=f"Bearer {api.ingest}", method_arn=f"{STAGE_ARN}/POST/orders")
        answer = authorizer_response(request, api.tokens, api.fakes.clock).to_dict(request)
        assert answer["policyDocument"]["Statement"][0]["Resource"] == [f"{STAGE_ARN}/*/*"]
        assert answer["context"] == {
            "token_id": api.ingest.split("_")[1],
            "role": "ingest",
            "source": "sap-emea",
            "label": "ingest of the bench",
            "expires_at": "2027-02-21T10:15:00.000000Z",
        }
        assert answer["principalId"] == api.ingest.split("_")[1]

    def test_the_refusal_is_the_word_that_the_gateway_turns_into_401(self, api: ApiBench) -> None:
        with pytest.raises(Unauthorized) as refusal:
            authorizer_response(SimpleNamespace(token="Bearer x"), api.tokens, api.fakes.clock)
        assert str(refusal.value) == "Unauthorized"

    def test_a_store_that_is_down_is_no_refusal(self) -> None:
        """Anything but that word becomes 500, or the 503 of `gateway_responses`: the caller repeats."""

        class Down:
            def get(self, token_id: str) -> Any:
                raise DependencyUnavailable("DynamoDB", "throttled")

        request = SimpleNamespace(token="Bearer ob_abcdefghijkl_" + "A" * 43)
        with pytest.raises(DependencyUnavailable):
            authorizer_response(request, Down(), FixedClock())  # type: ignore[arg-type]

    def test_the_reason_is_for_the_log_only(self, api: ApiBench) -> None:
        now = api.fakes.clock.now()
        revoked = api.token(Role.READ)
        api.token_issuer.revoke(revoked.record.token_id)
        expired = api.token(Role.READ, days=1)
        assert authorize(api.tokens, "nonsense", now) == Denied("malformed")
        assert authorize(api.tokens, "ob_abcdefghijkl_" + "A" * 43, now) == Denied("unknown", "abcdefghijkl")
        assert authorize(api.tokens, revoked.token, now) == Denied("revoked", revoked.record.token_id)
        later = now + timedelta(days=2)
        assert authorize(api.tokens, expired.token, later) == Denied("expired", expired.record.token_id)
        assert isinstance(authorize(api.tokens, api.read, now), Principal)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that the application's logger writes, formatted as in production."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logger().registered_formatter)
    root = logging.getLogger("orderbridge")
    root.addHandler(handler)
    try:
        yield out
    finally:
        root.removeHandler(handler)


def test_no_secret_is_anywhere_in_clear(api: ApiBench) -> None:
    """Not in the store, not in any text form of a record, not in a log line, whatever happens to the token."""
    with logged() as log:
        issued = api.token(Role.READ)
        api.get("/orders", issued.token)
        api.get("/orders", issued.token + "x")
        api.post("/orders", ORDER, issued.token)
        api.get(f"/orders/{ORDER_ID}?token={issued.token}", issued.token)
        rotated = api.token_issuer.rotate(issued.record.token_id, timedelta(0), timedelta(days=1))
        api.get("/orders", issued.token)
        api.token_issuer.revoke(rotated.record.token_id)
        api.get("/orders", rotated.token)
    written = log.getvalue()
    assert written.count('"request"') >= 3
    assert '"token refused"' in written
    assert issued.record.token_id in written, "the id may be logged: it says whose requests these were"
    stored = "".join(f"{record!r}{record.secret_hash}" for record in api.tokens.all())
    for token in (issued.token, rotated.token):
        secret = token.split("_", 2)[2]
        assert secret not in written
        assert secret not in stored
        assert secret not in repr(issued) + str(issued) + repr(rotated) + repr(rotated.record)
    hashes = [record.secret_hash for record in api.tokens.all()]
    assert not any(hashed in written or hashed in repr(issued) for hashed in hashes)


def test_a_token_without_a_scheme_is_accepted_too(api: ApiBench) -> None:
    request = SimpleNamespace(token=api.ingest, method_arn=f"{STAGE_ARN}/POST/orders")
    answer = authorizer_response(request, api.tokens, api.fakes.clock)
    assert answer.context["role"] == "ingest"
