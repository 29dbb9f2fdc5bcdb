"""A circuit breaker among several processes, on stores that count, are slow, or are shared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.memory.circuits import MemoryCircuitStore
from chalicelib.adapters.resilience.circuit_breaker import CircuitBreaker, CircuitSettings
from chalicelib.adapters.resilience.circuits import Circuit, CircuitStore, State
from chalicelib.domain.errors import CircuitOpen, DependencyTimeout, DependencyUnavailable, OrderbridgeError

NAME = "payment"


class CountingStore(MemoryCircuitStore):
    """Counts what it is asked; fails while `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.broken = False

    def load(self, name: str) -> Circuit:
        self._ask("load")
        return super().load(name)

    def count_failure(self, name: str, now: datetime, window_s: float) -> int:
        self._ask("count_failure")
        return super().count_failure(name, now, window_s)

    def change(self, before: Circuit, after: Circuit) -> bool:
        self._ask("change")
        return super().change(before, after)

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.broken:
            raise DependencyTimeout("DynamoDB", "the store is down")


class SlowStore(MemoryCircuitStore):
    """Its answers are three seconds on their way; `meanwhile` happens after it has looked."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__()
        self._clock = clock
        self.meanwhile: Callable[[], object] = lambda: None

    def load(self, name: str) -> Circuit:
        answer = super().load(name)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        self._clock.advance(3)
        return answer


class Shared(MemoryCircuitStore):
    """What all processes see: the circuit, and the provider behind it, which is down."""

    def __init__(self) -> None:
        super().__init__()
        self.called = 0

    def provide(self) -> None:
        self.called += 1
        raise DependencyUnavailable(NAME, "down")


class World:
    """A dependency that can be down, and several processes with a breaker each."""

    def __init__(self) -> None:
        self.clock, self.ids, self.store = FixedClock(), SequentialIds(), CountingStore()
        self.transitions: list[tuple[str, State, State]] = []
        self.error: OrderbridgeError | None = None
        self.calls = 0

    def process(self, settings: CircuitSettings | None = None, store: CircuitStore | None = None) -> CircuitBreaker:
        def on_transition(*transition: object) -> None:
            self.transitions.append(transition)  # type: ignore[arg-type]

        return CircuitBreaker(NAME, store or self.store, self.clock, self.ids, settings, on_transition)

    def dependency(self) -> str:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return "fine"

    def fail(self, breaker: CircuitBreaker, times: int) -> None:
        self.error = DependencyUnavailable(NAME, "down")
        for _ in range(times):
            with pytest.raises(DependencyUnavailable):
                breaker.call(self.dependency)

    def refused(self, breaker: CircuitBreaker) -> bool:
        """Whether the breaker refuses a call, and does not call."""
        before = self.calls
        try:
            breaker.call(self.dependency)
        except CircuitOpen as refusal:
            return refusal.dependency == NAME and self.calls == before
        except OrderbridgeError:
            pass
        return False
