"""An ERP's end on a real connection, which checks what it gets with the specification's own library."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"a" * 32).decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"b" * 32).decode()


@dataclass
class Receiver:
    """Remembers what it received, and answers the next of `answers` (then `status`)."""

    url: str = ""
    status: int = 200
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    """The `webhook-id` of everything that was answered with 200, with a true signature."""

    def take(self, headers: dict[str, str], body: bytes) -> int:
        self.received.append((headers, body))
        status = self.answers.pop(0) if self.answers else self.status
        if status == 200 and self._is_ours(headers, body):
            self.accepted.append(headers["webhook-id"])
        return status

    def told_about(self, order_id: str) -> list[str]:
        """The types of the callbacks about the order, whatever was answered."""
        bodies = [Webhook(SECRET).verify(body, headers) for headers, body in self.received]
        return [str(body["type"]) for body in bodies if body["data"].get("order_id") == order_id]

    def _is_ours(self, headers: dict[str, str], body: bytes) -> bool:
        return bool(Webhook(SECRET).verify(body, headers))


@contextmanager
def receiving() -> Iterator[Receiver]:
    peer = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = peer.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", peer.url)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}/orders"
        threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True).start()
        yield peer
        server.shutdown()
