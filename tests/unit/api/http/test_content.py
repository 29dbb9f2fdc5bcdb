"""Content-Type and Content-Encoding as RFC 9110 has them: what says it is JSON in UTF-8 is read, in whatever way."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from chalicelib.api.openapi.examples import ORDER
from tests.support.api import ApiBench, Reply

TEXT = json.dumps(ORDER)


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def stored(api: ApiBench) -> int:
    return len(list(api.fakes.events.order_ids()))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/Json",
        "application/json; charset=UTF-8",
        "application/json;charset=utf8",
        'Application/JSON;charset="utf-8"',
        r'application/json; charset="ut\f-8"',
        "application/json; CharSet=US-ASCII",
        "application/json; odata=verbose",
        'application/json; profile="a;b=\\",c"; charset=utf-8',
        "application/json ; odata.metadata=minimal;IEEE754Compatible=true",
        "application/json;",
        "application/json; ; charset=utf-8;",
        " application/json\t",
    ],
)
def test_json_may_be_declared_in_every_way_of_rfc_9110(api: ApiBench, content_type: str) -> None:
    assert api.post("/orders", ORDER, api.ingest, Content_Type=content_type).status == 202


def test_no_content_type_counts_as_json(api: ApiBench) -> None:
    event = api.authorized_event("POST", "/orders", api.ingest, ORDER)
    assert api.app(event, None)["statusCode"] == 202


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-8; charset=utf-16",
        'application/json; charset="utf-16"',
        "application/json; charset=",
        "application/json; charset",
        'application/json; a="not closed',
        "application/json charset=utf-8",
        "application/json, text/plain",
        "text/plain; application/json",
        "*/*",
        "",
        ";",
        "json",
        "application/jsonp",
        "application/problem+json",
    ],
)
def test_another_content_type_is_415_and_says_what_would_do(api: ApiBench, content_type: str) -> None:
    reply = api.post("/orders", ORDER, api.ingest, Content_Type=content_type)
    assert (reply.status, reply.fields) == (415, ["Content-Type"])
    assert reply.json["type"] == "urn:orderbridge:problem:unsupported-media-type"
    assert reply.header("Accept") == "application/json"
    assert stored(api) == 0


def test_the_same_rule_holds_for_every_body(api: ApiBench) -> None:
    for path, token in (("/batches", api.ingest), ("/orders/o-1/cancel", api.operate)):
        assert api.post(path, {}, token, Content_Type="text/plain").status == 415
        assert api.post(path, {}, token, Content_Type="application/json; v=1").status in (404, 422)


def test_binary_content_types_are_415(api: ApiBench) -> None:
    """API Gateway passes these in base 64."""
    for content_type in ("application/octet-stream", "image/png", "application/zip"):
        headers = {"Content-Type": content_type}
        reply = api.request("POST", "/orders", b"\x89PNG\xff\xfe", token=api.ingest, headers=headers, is_base64=True)
        assert reply.status == 415


def compressed(api: ApiBench, body: bytes, coding: str, is_base64: bool = True) -> Reply:
    """In base 64, as it arrives where API Gateway is told to pass JSON as binary."""
    headers = {"Content-Encoding": coding}
    return api.request("POST", "/orders", body, token=api.ingest, headers=headers, is_base64=is_base64)


RAW = zlib.compressobj(wbits=-15)
COMPRESSED = {
    "gzip": (gzip.compress(TEXT.encode()), "gzip"),
    "in capitals": (gzip.compress(TEXT.encode()), "GZIP"),
    "by its old name": (gzip.compress(TEXT.encode()), "x-gzip"),
    "gzip of two members": (gzip.compress(TEXT[:40].encode()) + gzip.compress(TEXT[40:].encode()), "gzip"),
    "beside identity": (gzip.compress(TEXT.encode()), "identity, gzip"),
    "deflate": (zlib.compress(TEXT.encode()), "deflate"),
    "deflate without its frame": (RAW.compress(TEXT.encode()) + RAW.flush(), "deflate"),
    "identity": (TEXT.encode(), "identity"),
    "nothing": (TEXT.encode(), ""),
}


@pytest.mark.parametrize("case", COMPRESSED)
def test_a_compressed_body_is_read(api: ApiBench, case: str) -> None:
    body, coding = COMPRESSED[case]
    assert compressed(api, body, coding).status == 202


def test_what_the_gateway_has_decompressed_is_read(api: ApiBench) -> None:
    """It leaves the header as it was."""
    for coding in ("gzip", "deflate"):
        assert compressed(api, TEXT.encode(), coding, is_base64=False).status in (200, 202)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip, br", "gzip;q=1", "x"])
def test_another_coding_is_415_and_says_what_would_do(api: ApiBench, coding: str) -> None:
    for is_base64 in (True, False):
        reply = compressed(api, TEXT.encode(), coding, is_base64)
        assert (reply.status, reply.fields) == (415, ["Content-Encoding"])
        assert reply.header("Accept-Encoding") == "gzip, deflate, identity"


def test_a_compressed_body_that_was_made_a_text_is_415(api: ApiBench) -> None:
    """By a gateway that neither decompresses it nor passes it as binary."""
    reply = compressed(api, gzip.compress(TEXT.encode()), "gzip", is_base64=False)
    assert (reply.status, reply.fields) == (415, ["Content-Encoding"])


@pytest.mark.parametrize("damage", ["cut", "text", "garbage behind", "changed"])
def test_what_is_not_whole_is_400(api: ApiBench, damage: str) -> None:
    whole = gzip.compress(TEXT.encode())
    body = {
        "cut": whole[:-9],
        "text": TEXT.encode(),
        "garbage behind": whole + b"x",
        "changed": whole[:-8] + b"12345678",
    }[damage]
    for coding in ("gzip", "deflate"):
        reply = compressed(api, body, coding)
        assert (reply.status, reply.json["type"]) == (400, "urn:orderbridge:problem:malformed-request")
    assert stored(api) == 0


@pytest.mark.parametrize("size", [1_000_001, 200_000_000])
def test_a_bomb_is_413(api: ApiBench, size: int) -> None:
    """No more is decompressed than a body may have."""
    stream = zlib.compressobj(wbits=31)
    body = b"".join(stream.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + stream.compress(b"  ")
    body += stream.flush()
    for sent in (body, gzip.compress(b" " * 600_000) * 2):
        assert compressed(api, sent, "gzip").status == 413
