"""Circuit breakers as operators see them: events on the bus, a line in the health answer, a reason not to redrive."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker, OnTransition
from chalicelib.adapters.resilience.circuits import Circuit, CircuitStore, State
from chalicelib.domain.errors import OrderbridgeError
from chalicelib.observability import logger
from chalicelib.ports import Clock

if TYPE_CHECKING:
    from chalicelib.api.services import Check

EVENT_OF_STATE = {State.OPEN: "CircuitOpened", State.HALF_OPEN: "CircuitProbed", State.CLOSED: "CircuitClosed"}


def announcing(publish: Callable[[str, dict[str, str]], None]) -> OnTransition:
    """Puts every change of a circuit on the bus. A bus that is down must not fail the call that the circuit guards."""

    def announce(name: str, before: State, after: State) -> None:
        try:
            publish(EVENT_OF_STATE[after], {"circuit": name, "from": before, "to": after})
        except OrderbridgeError as error:
            logger().warning("circuit change not announced", extra={"circuit": name, "error": type(error).__name__})

    return announce


def blocked(breakers: Iterable[CircuitBreaker], clock: Clock) -> frozenset[str]:
    """The dependencies that nobody may call now. One whose interval is over is not among them: it wants a probe."""
    return frozenset(breaker.name for breaker in breakers if breaker.snapshot().blocks(clock.now()))


def checks(store: CircuitStore, always: str) -> list[Check]:
    """Lines of the health answer: the circuit `always`, and every other one that has ever opened, such as an ERP's."""
    from chalicelib.api.services import Check

    try:
        circuits = {circuit.name: circuit for circuit in store.changed()}
    except OrderbridgeError as error:
        return [Check("circuits", False, f"they cannot be read: {type(error).__name__}")]
    return [check_of(circuit) for circuit in ({always: Circuit(always)} | circuits).values()]


def check_of(circuit: Circuit) -> Check:
    """The circuit's line in the health answer."""
    from chalicelib.api.services import Check

    if circuit.state is State.CLOSED:
        return Check(circuit.name, True, "circuit closed")
    since = f" since {circuit.since.isoformat(timespec='seconds')}" if circuit.since else ""
    return Check(circuit.name, False, f"circuit {circuit.state.lower().replace('_', ' ')}{since}")
