"""A small client of the Orderbridge API: what an ERP would write to submit orders and read what became of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import urllib3

from local.stack import Stack

TIMEOUT_S = 120.0
POOL = 32
REPEATS = 20
"""Of a request that was answered 503, which says that nothing was done, and when to repeat it (docs/api.md)."""

PAGE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case) and the JSON body."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Client:
    """One connection pool; safe to share between threads."""

    stack: Stack
    _pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=POOL, retries=False))

    def post(self, path: str, body: Any, role: str = "ingest", headers: dict[str, str] | None = None) -> Answer:
        return self._request("POST", path, role, json.dumps(body).encode(), headers or {})

    def get(self, path: str, role: str = "read") -> Answer:
        return self._request("GET", path, role, None, {})

    def orders_since(self, start: datetime) -> Iterator[dict[str, Any]]:
        """Every order received since `start`, newest first."""
        path = f"/orders?{urlencode({'from': start.isoformat(), 'limit': PAGE})}"
        while path:
            answer = self.get(path)
            if answer.status != 200:
                raise RuntimeError(f"GET {path} answered {answer.status}: {answer.body}")
            yield from answer.body["orders"]
            path = answer.body.get("links", {}).get("next", "")

    def _request(self, method: str, path: str, role: str, body: bytes | None, extra: dict[str, str]) -> Answer:
        headers = {"Authorization": f"Bearer {self.stack.tokens[role]}", **extra}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        url, repeats = self.stack.api_url + path, 0
        while True:
            response = self._pool.request(method, url, body=body, headers=headers, timeout=TIMEOUT_S)
            pause_s = response.headers.get("Retry-After")
            if response.status != 503 or pause_s is None or repeats == REPEATS:
                break
            repeats += 1
            time.sleep(float(pause_s))
        text = response.data.decode()
        is_json = "json" in response.headers.get("Content-Type", "")
        answer_headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, answer_headers, json.loads(text) if is_json and text else text)
