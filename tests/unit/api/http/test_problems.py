"""Errors of any origin are problem documents, every answer has a correlation id, every request a log line."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chalicelib.api.http import problems
from chalicelib.api.http.gateway_responses import GATEWAY_RESPONSES
from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.errors import CorruptHistory, Misconfigured
from chalicelib.domain.order import order_id
from tests.support.api import ApiBench, Reply
from tests.unit.api.test_access import logged

ORDER_ID = order_id("sap-emea", "SO-100045")


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def raw(api: ApiBench, **context: Any) -> Reply:
    """Past the routing of the gateway: an event that Chalice itself must refuse."""
    event = api.authorized_event("GET", "/orders", api.read)
    event["requestContext"] |= context
    answer = api.app(event, None)
    return Reply(answer["statusCode"], answer["headers"], answer["body"])


def test_a_route_that_does_not_exist_is_404(api: ApiBench) -> None:
    reply = raw(api, resourcePath="/nothing")
    assert (reply.status, reply.json["type"]) == (404, "urn:orderbridge:problem:not-found")
    assert raw(api, resourcePath="/nothing").status == 404, "asking must not create it"


class Broken:
    """A projection with a bug."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def query(self, query: object) -> Any:
        raise self._error


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("pm_card_visa"), CorruptHistory("o-1 at 17"), Misconfigured("no table orders")]
)
def test_errors_of_ours_are_500_without_details(error: Exception) -> None:
    api = ApiBench(projection=Broken(error))  # type: ignore[arg-type]
    with logged() as log:
        reply = api.get("/orders", api.read, X_Correlation_ID="find-me")
    assert reply.status == 500
    assert reply.json["type"] == "urn:orderbridge:problem:internal"
    assert reply.json["correlation_id"] == "find-me"
    assert str(error) not in reply.text
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    failure = next(line for line in lines if line["level"] == "ERROR")
    assert failure["correlation_id"] == "find-me"
    assert type(error).__name__ in failure["exception_name"]
    assert lines[-1]["http_status"] == 500


def test_services_that_cannot_be_made_are_500() -> None:
    api = ApiBench()

    def broken() -> Any:
        raise Misconfigured("ORDERBRIDGE_STAGE is ''")

    from chalicelib.api.application import OrderbridgeApi
    from chalicelib.api.blueprint import routes

    app = OrderbridgeApi("orderbridge")
    app.register_blueprint(routes(broken))
    assert api.request("GET", "/health", app=app).status == 500


def test_without_an_authorizer_nothing_private_is_served() -> None:
    """A deployment that forgot it must not be open."""
    api = ApiBench()
    event = api.authorized_event("GET", "/orders", api.read)
    for absent in ({}, None, {"principalId": "user"}):
        event["requestContext"]["authorizer"] = absent
        assert api.app(event, None)["statusCode"] == 401


class TestCorrelation:
    """One id from the door to the last log line."""

    def test_a_given_id_is_kept(self, api: ApiBench) -> None:
        for given in ("a", "A-z_0.9", "x" * 64):
            reply = api.get("/orders", api.read, X_Correlation_ID=given)
            assert (reply.status, reply.header("X-Correlation-ID")) == (200, given)

    def test_the_headers_name_is_read_in_any_case(self, api: ApiBench) -> None:
        assert api.get("/health", None, **{"x-correlation-id": "c-1"}).header("X-Correlation-ID") == "c-1"

    def test_without_one_the_gateways_request_id_serves(self, api: ApiBench) -> None:
        """So that the access log of API Gateway can be joined, and two requests never share one."""
        first, second = (api.get("/health").header("X-Correlation-ID") for _ in range(2))
        assert re.fullmatch(r"gateway-token-\d{6}", first or "")
        assert first != second

    @pytest.mark.parametrize("wrong", ["", " ", "a b", "x" * 65, "é", "a\n", "<script>", "${jndi:x}", "a\x00"])
    def test_another_one_is_refused_by_name(self, api: ApiBench, wrong: str) -> None:
        reply = api.post("/orders", ORDER, api.ingest, X_Correlation_ID=wrong)
        assert (reply.status, reply.fields) == (400, ["X-Correlation-ID"])
        assert (reply.header("X-Correlation-ID") or "").startswith("gateway-token-")
        assert list(api.fakes.events.order_ids()) == []

    def test_every_log_line_of_a_request_carries_it(self, api: ApiBench) -> None:
        with logged() as log:
            api.post("/orders", ORDER, api.ingest, X_Correlation_ID="c-7")
            api.get(f"/orders/{ORDER_ID}", api.read, X_Correlation_ID="c-8")
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert [line["correlation_id"] for line in lines] == ["c-7", "c-7", "c-8"]
        assert [line["order_id"] for line in lines if "order_id" in line] == [ORDER_ID] * 2
        assert {line["step"] for line in lines} == {"Api"}
        assert lines[1]["route"] == "POST /orders"
        assert lines[1]["http_status"] == 202

    def test_nothing_personal_is_logged(self, api: ApiBench) -> None:
        with logged() as log:
            api.post("/orders", ORDER, api.ingest)
            api.post("/orders", {**ORDER, "total": "1.00"}, api.ingest)
            api.post("/orders", {**ORDER, "total": "x", "ship_to": {}}, api.ingest)
        assert not any(word in log.getvalue() for word in ("Nordlicht", "Hafenstr", "pm_card_visa", "20457", "C-1001"))


class TestHealth:
    def test_all_well(self, api: ApiBench) -> None:
        assert api.get("/health").json == {"status": "ok", "version": "0.0.0-test", "checks": []}

    def test_a_degraded_dependency_degrades_the_whole_and_is_still_200(self, api: ApiBench) -> None:
        from chalicelib.api.services import Check

        api.checks += [Check("payment", False, "circuit open"), Check("erp", True, "circuit closed")]
        reply = api.get("/health")
        assert (reply.status, reply.json["status"]) == (200, "degraded")
        assert [check["status"] for check in reply.json["checks"]] == ["degraded", "ok"]


class TestGatewayResponses:
    """What API Gateway answers by itself, once the deployment has told it."""

    @pytest.mark.parametrize("kind", GATEWAY_RESPONSES)
    def test_each_is_a_problem_document(self, kind: str) -> None:
        response = GATEWAY_RESPONSES[kind]
        document = json.loads(response["responseTemplates"]["application/json"])
        known = {one.type: one for one in problems.KINDS}
        assert str(known[document["type"]].status) == response["statusCode"]
        assert document["correlation_id"] == "$context.requestId"
        parameters = response["responseParameters"]
        assert parameters["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert "'" not in parameters["gatewayresponse.header.Content-Type"][1:-1]


def test_no_kind_is_left_out() -> None:
    assert {kind for kind in vars(problems).values() if isinstance(kind, problems.ProblemType)} == set(problems.KINDS)


def test_kinds_are_told_apart_by_their_slug() -> None:
    slugs = [kind.slug for kind in problems.KINDS]
    assert len(set(slugs)) == len(slugs)
