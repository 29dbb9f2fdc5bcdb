"""What Acme would publish: a client, and the servers that it reaches, by address, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import RLock

PASSWORD = "open sesame"


@dataclass(frozen=True, slots=True)
class AcmeCharge:
    """`state`: paid, refused, returned or closed."""

    reference: str
    state: str
    minor: int = 0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AcmeServer:
    """Keeps one charge per reference; `made` are those that took money, also if it was returned since."""

    charges: dict[str, AcmeCharge] = field(default_factory=dict)
    made: list[AcmeCharge] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock)


SERVERS: dict[str, AcmeServer] = {}
"""Address -> server."""


@dataclass(frozen=True, slots=True)
class AcmeClient:
    """`password` is asked for at every call, because it may be changed."""

    address: str
    merchant: str
    password: Callable[[], str]

    def pay(self, reference: str, minor: int, currency: str, token: str) -> AcmeCharge:
        server = self._server()
        with server.lock:
            if reference not in server.charges:
                wanted = AcmeCharge(reference, "refused" if token == "poor" else "paid", minor, currency)
                server.charges[reference] = wanted
                if wanted.state == "paid":
                    server.made.append(wanted)
            return server.charges[reference]

    def look_up(self, reference: str) -> AcmeCharge | None:
        return self._server().charges.get(reference)

    def give_back(self, reference: str) -> AcmeCharge | None:
        return self._change(reference, {"paid": "returned"})

    def close(self, reference: str) -> AcmeCharge:
        """Nothing is paid under the reference from now on."""
        server = self._server()
        with server.lock:
            return server.charges.setdefault(reference, AcmeCharge(reference, "closed"))

    def _change(self, reference: str, states: dict[str, str]) -> AcmeCharge | None:
        server = self._server()
        with server.lock:
            charge = server.charges.get(reference)
            if charge is not None:
                server.charges[reference] = charge = replace(charge, state=states.get(charge.state, charge.state))
            return charge

    def _server(self) -> AcmeServer:
        assert (self.merchant, self.password()) == ("4711", PASSWORD), "Acme does not know you"
        return SERVERS[self.address]
