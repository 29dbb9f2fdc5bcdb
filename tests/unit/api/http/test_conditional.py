"""ETag, If-None-Match and If-Match: who polls is told what is new, who commands decides about what he has seen."""

from __future__ import annotations

import pytest

from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.order import order_id
from chalicelib.domain.state import Status
from tests.support.api import ApiBench, Reply
from tests.support.operations import TIMEOUT

ORDER_ID = order_id("sap-emea", "SO-100045")
PATH = f"/orders/{ORDER_ID}"
REASON = {"reason": "seen"}


@pytest.fixture
def api() -> ApiBench:
    """An order at version 1."""
    bench = ApiBench()
    bench.post("/orders", ORDER, bench.ingest)
    return bench


def get(api: ApiBench, known: str) -> Reply:
    return api.get(PATH, api.read, If_None_Match=known)


def test_the_etag_is_the_version(api: ApiBench) -> None:
    reply = api.get(PATH, api.read)
    assert reply.header("ETag") == f'"{reply.json["version"]}"' == '"1"'
    api.fakes.park(ORDER_ID, TIMEOUT)
    assert api.get(PATH, api.read).header("ETag") == '"2"'


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', '"x" , W/"1"', "*", ' "1"\t'])
def test_who_has_the_version_gets_304(api: ApiBench, known: str) -> None:
    reply = get(api, known)
    assert (reply.status, reply.text, reply.header("ETag")) == (304, "", '"1"')
    assert reply.header("Content-Type") is None
    head = api.request("HEAD", PATH, token=api.read, headers={"If-None-Match": known})
    assert (head.status, head.text) == (304, "")


@pytest.mark.parametrize("known", ['"2"', '"01"', '"", "3"', 'W/"11"', '"a,b", "c"', '"1,"', ', "2",'])
def test_who_has_not_gets_the_order(api: ApiBench, known: str) -> None:
    assert get(api, known).status == 200


def test_what_is_not_there_stays_404(api: ApiBench) -> None:
    assert api.get("/orders/o-" + "0" * 24, api.read, If_None_Match="*").status == 404


@pytest.mark.parametrize("name", ["If-None-Match", "If-Match"])
@pytest.mark.parametrize("wrong", ["", "1", "'1'", '"1', '"1" "2"', 'w/"1"', '"a b"', "*, *", '"1" , "', ","])
def test_what_is_no_tag_is_refused_by_name(api: ApiBench, name: str, wrong: str) -> None:
    method, path, body = ("GET", PATH, None) if name == "If-None-Match" else ("POST", f"{PATH}/cancel", REASON)
    refused = api.request(method, path, body, token=api.operate, headers={name: wrong})
    assert (refused.status, refused.fields) == (400, [name])


@pytest.mark.parametrize("known", ['"1"', "*", '"9", "1"'])
def test_a_command_about_the_present_version_is_carried_out(api: ApiBench, known: str) -> None:
    assert api.post(f"{PATH}/cancel", REASON, api.operate, If_Match=known).status == 202


@pytest.mark.parametrize("path", [f"{PATH}/redrive", f"{PATH}/cancel", f"/dead-letters/{ORDER_ID}/redrive"])
@pytest.mark.parametrize("known", ['"1"', 'W/"2"', '"x"', '"999999999999"'])
def test_a_command_about_another_version_is_412_and_changes_nothing(api: ApiBench, path: str, known: str) -> None:
    api.fakes.park(ORDER_ID, TIMEOUT)
    refused = api.post(path, REASON, api.operate, If_Match=known)
    assert (refused.status, refused.fields) == (412, ["If-Match"])
    assert refused.json["type"] == "urn:orderbridge:problem:precondition-failed"
    assert refused.header("ETag") == '"2"'
    assert api.fakes.order(ORDER_ID).version == 2
    assert api.post(path, REASON, api.operate, If_Match='"2"').status == 202


def test_a_discard_is_conditional_too(api: ApiBench) -> None:
    api.fakes.park(ORDER_ID, TIMEOUT)
    assert api.post(f"/dead-letters/{ORDER_ID}/discard", REASON, api.operate, If_Match='"1"').status == 412
    assert api.fakes.order(ORDER_ID).status is Status.FAILED


def test_a_group_has_no_version(api: ApiBench) -> None:
    refused = api.post("/dead-letters/0123456789ab/redrive", REASON, api.operate, If_Match='"1"')
    assert (refused.status, refused.fields) == (412, ["If-Match"])
