"""A signed call that is about no order: does the ERP's end answer, and does it accept our signature?"""

from __future__ import annotations

import json
from dataclasses import dataclass

from chalicelib.acknowledgements.callback import Callback
from chalicelib.acknowledgements.delivery import Attempt
from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.ports import Clock, Ids

TYPE = "orderbridge.ping"


@dataclass(frozen=True, slots=True)
class Ping:
    """Calls from where the command runs, past the circuit, and changes nothing."""

    callback: Callback
    clock: Clock
    ids: Ids

    def __call__(self, subscription: Subscription) -> Attempt:
        """How it went; never raises for what the ERP does or a missing secret."""
        began = self.clock.now()
        body = {"type": TYPE, "timestamp": began.isoformat(), "data": {"source": subscription.source}}
        status, error = 0, ""
        try:
            status = self.callback(subscription, f"ping-{self.ids.token()}", json.dumps(body).encode())
        except OrderbridgeError as problem:
            status, error = getattr(problem, "status", 0), f"{type(problem).__name__}: {problem}"
        return Attempt(began, round((self.clock.now() - began).total_seconds() * 1000), status, error)
