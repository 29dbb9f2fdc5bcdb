"""Idempotency-Key as in the IETF draft: the first answer again, 422 for another request, 409 while it is at work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.memory.idempotency import MemoryIdempotencyKeys
from chalicelib.api.openapi.examples import ORDER
from chalicelib.auth.tokens import Role
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.order import order_id
from chalicelib.ports.idempotency import KeyRecord
from tests.support.api import ApiBench, Reply
from tests.support.operations import TIMEOUT

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ORDER_ID = order_id("sap-emea", "SO-100045")


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def post(api: ApiBench, body: Any = ORDER, path: str = "/orders", token: str = "", key: str = KEY) -> Reply:
    return api.post(path, body, token or api.ingest, Idempotency_Key=key)


def test_a_repeat_gets_the_first_answer(api: ApiBench) -> None:
    """202 again, though without the key it would be 200 with what has become of the order since."""
    first = post(api)
    api.fakes.park(ORDER_ID, TIMEOUT)
    again = post(api)
    assert (first.status, again.status, again.text) == (202, 202, first.text)
    assert again.header("Location") == first.header("Location")
    assert (first.header("Idempotent-Replayed"), again.header("Idempotent-Replayed")) == (None, "true")
    assert again.header("X-Correlation-ID") != first.header("X-Correlation-ID"), "each call has its own"
    assert len(api.fakes.workflow.started) == 1


def test_another_request_with_the_key_is_422(api: ApiBench) -> None:
    post(api)
    for other in ({**ORDER, "external_id": "SO-2"}, {**ORDER, "total": "1.00"}):
        refused = post(api, other)
        assert (refused.status, refused.fields) == (422, ["Idempotency-Key"])
        assert refused.json["type"].endswith("idempotency-key-reused")
    assert list(api.fakes.events.order_ids()) == [ORDER_ID]


def test_a_key_at_work_is_409(api: ApiBench) -> None:
    post(api)
    [(record_id, record)] = api.keys.records.items()
    api.keys.records[record_id] = replace(record, answer=None)
    busy = post(api)
    assert (busy.status, busy.json["type"]) == (409, "urn:orderbridge:problem:request-in-flight")
    assert busy.header("Retry-After") == "1"
    api.fakes.clock.advance(30)
    assert post(api).status == 200, "who was at work has died, and the order is recognised by itself"


def test_a_refused_request_may_be_corrected_under_its_key(api: ApiBench) -> None:
    assert post(api, {**ORDER, "total": "x"}).status == 422
    assert post(api, {**ORDER, "source": "navision"}).status == 403
    assert post(api).status == 202


def test_after_an_error_of_ours_the_key_is_free(api: ApiBench) -> None:
    class Broken:
        def append(self, _: Any) -> None:
            raise ZeroDivisionError

    api.events = Broken()  # type: ignore[assignment]
    assert post(api).status == 500
    api.events = None
    assert post(api).status == 202


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(api: ApiBench) -> None:
    class Full(MemoryIdempotencyKeys):
        def complete(self, key: str, record: KeyRecord) -> None:
            raise DependencyUnavailable("DynamoDB", "throttled")

    api.keys = Full()
    assert post(api).status == 202
    assert post(api).status == 409
    api.fakes.clock.advance(30)
    assert post(api).status == 200


def test_keys_of_sources_and_routes_are_apart(api: ApiBench) -> None:
    other = api.token(Role.INGEST, "navision").token
    assert post(api).status == 202
    assert post(api, {**ORDER, "source": "navision"}, token=other).status == 202
    assert post(api, {"source": "sap-emea", "format": "csv"}, "/batches").status == 202


def test_a_rotated_token_keeps_the_keys_of_its_source(api: ApiBench) -> None:
    first = post(api)
    assert post(api, token=api.token(Role.INGEST, "sap-emea").token).text == first.text


def test_commands_are_repeated_in_the_same_way(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    api.fakes.park(ORDER_ID, TIMEOUT)
    reason, path = {"reason": "again"}, f"/orders/{ORDER_ID}/redrive"
    first = post(api, reason, path, api.operate)
    assert first.status == 202
    assert api.post(path, reason, api.operate).status == 409, "without a key it is another redrive"
    assert post(api, reason, path, api.operate).text == first.text
    assert post(api, reason, path.replace(ORDER_ID, "o-" + "0" * 24), api.operate).status == 422


def test_an_offer_of_a_place_for_a_file_is_repeated(api: ApiBench) -> None:
    asked = {"source": "sap-emea", "format": "jsonl"}
    first, again = (post(api, asked, "/batches") for _ in range(2))
    assert first.json["links"] == again.json["links"]


def test_a_key_is_known_for_a_day(api: ApiBench) -> None:
    post(api)
    api.fakes.clock.advance(86_399)
    assert post(api).status == 202
    api.fakes.clock.advance(1)
    assert post(api).status == 200


@pytest.mark.parametrize("same", [f'"{KEY}"', f" {KEY} ", f'  "{KEY}"\t'])
def test_quotes_make_no_other_key(api: ApiBench, same: str) -> None:
    first = post(api)
    assert post(api, key=same).text == first.text


@pytest.mark.parametrize("wrong", ["", " ", '""', '"', '"a', "a b", "é", "a\x00", "x" * 256, '"a"b', "a,b\tc"])
def test_what_is_no_key_is_refused_by_name(api: ApiBench, wrong: str) -> None:
    refused = post(api, key=wrong)
    assert (refused.status, refused.fields) == (400, ["Idempotency-Key"])
    assert list(api.fakes.events.order_ids()) == []


@pytest.mark.parametrize("key", ["a", "x" * 255, '"a b"', r'"a\"b\\"', "urn:uuid:1/2?3=4"])
def test_what_is_one(api: ApiBench, key: str) -> None:
    assert post(api, key=key).status == 202


def test_without_the_header_nothing_is_written(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    api.get("/orders", api.read, Idempotency_Key=KEY)
    assert api.keys.records == {}
