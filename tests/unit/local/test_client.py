"""The sample client does what docs/api.md asks of one."""

from __future__ import annotations

from typing import Any, cast

import urllib3

from local.client.api import REPEATS, Client
from local.stack import Stack


class Api:
    """Not available for a while; counts the requests."""

    def __init__(self, unavailable: int, headers: dict[str, str]) -> None:
        self.unavailable, self.headers, self.requests = unavailable, headers, 0

    def request(self, *_: Any, **__: Any) -> urllib3.HTTPResponse:
        self.requests += 1
        if self.requests <= self.unavailable:
            return urllib3.HTTPResponse(b"not now", self.headers, 503)
        return urllib3.HTTPResponse(b"{}", {"Content-Type": "application/json"}, 202)


def post(api: Api) -> int:
    stack = Stack("", "eu-central-1", "0" * 12, "http://api", "", 1, {"ingest": "token"})
    return Client(stack, cast(urllib3.PoolManager, api)).post("/orders", {}).status


def test_what_is_not_available_is_asked_again_when_the_answer_says() -> None:
    api = Api(2, {"Retry-After": "0"})
    assert (post(api), api.requests) == (202, 3)


def test_without_a_time_or_without_end_it_is_an_answer() -> None:
    assert post(Api(1, {})) == 503
    endless = Api(1000, {"Retry-After": "0"})
    assert (post(endless), endless.requests) == (503, 1 + REPEATS)
