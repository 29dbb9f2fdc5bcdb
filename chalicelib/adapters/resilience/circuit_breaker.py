"""Stops calling a dependency that is down, in all processes at once, and finds out with one call when it is back.

Why not Powertools' circuit breaker (3.37), which keeps its state in DynamoDB, too: it counts consecutive failures in
the memory of each execution environment, so an outage costs the threshold in every one of hundreds of environments; it
opens and closes by unconditional writes, so a call that fails late opens a circuit that a probe has just closed; a
probe that gets a business "no" leaves it half open, though the dependency has answered; its interval does not grow; and
it reads the system's clock, which rules out simulated time. (Its import costs little beside boto3's.)

While all is well a call costs a look at memory and, once per `cache_s`, one read. If the store itself is down, calls
go through as if there were no breaker: it must not become the outage that it is there to contain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.adapters.resilience.circuits import Circuit, CircuitStore, State
from chalicelib.domain.errors import (
    CircuitOpen,
    DependencyTimeout,
    DependencyUnavailable,
    Misconfigured,
    OrderbridgeError,
    TransientError,
)
from chalicelib.observability import logger
from chalicelib.ports import Clock, Ids

Result = TypeVar("Result")
OnTransition = Callable[[str, State, State], None]
"""Told the circuit's name, its old state and its new one, by the process that changed it. Must not raise."""


@dataclass(frozen=True, slots=True)
class CircuitSettings:
    """`threshold` failures within `window_s`, over all processes, open the circuit for `recovery_s`.

    Each probe that fails doubles the time, up to `max_recovery_s`. A probe without a result is given up after
    `probe_s`, which must be longer than a call can last. `cache_s`: how old a process's view of the state may be.
    `sample`: a failure counts if at least half of the process's last calls, itself included, have failed: a few per
    cent of failures among many calls are no outage. `store_pause_s`: how long a store that failed is left alone.
    """

    threshold: int = 5
    window_s: float = 30.0
    recovery_s: float = 15.0
    max_recovery_s: float = 120.0
    probe_s: float = 60.0
    cache_s: float = 1.0
    sample: int = 4
    store_pause_s: float = 30.0


class CircuitBreaker:
    """For the dependency `name`, the name that its errors carry; `erp:sap` is one of the dependencies `erp`.

    The errors of others do not count: a table that is throttled says nothing about a payment provider. One per
    process and dependency.
    """

    def __init__(
        self,
        name: str,
        store: CircuitStore,
        clock: Clock,
        ids: Ids,
        settings: CircuitSettings | None = None,
        on_transition: OnTransition | None = None,
    ) -> None:
        self.name = name
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings or CircuitSettings()
        self._on_transition = on_transition
        self._outcomes: deque[bool] = deque(maxlen=self._settings.sample)
        self._seen = Circuit(name)
        self._seen_until: datetime | None = None
        self._store_rests_until: datetime | None = None

    def call(self, function: Callable[[], Result]) -> Result:
        """Raises CircuitOpen without calling, or whatever the function raises."""
        if self._circuit().state is State.CLOSED:
            return self._watch(function)
        if self._seen.blocks(self._clock.now()):
            raise CircuitOpen(self.name)
        return self._probe(function)

    def snapshot(self) -> Circuit:
        """The state as it is shared, read now. Raises DependencyUnavailable if the store is down."""
        return self._store.load(self.name)

    def _watch(self, function: Callable[[], Result]) -> Result:
        """A call through the closed circuit."""
        try:
            result = function()
        except (DependencyUnavailable, DependencyTimeout) as error:
            if self._is_about(error):
                self._failed()
            raise
        except OrderbridgeError as error:
            if _is_answer(error):
                self._outcomes.append(True)
            raise
        self._outcomes.append(True)
        return result

    def _is_about(self, error: DependencyUnavailable | DependencyTimeout) -> bool:
        return error.dependency == self.name or self.name.startswith(f"{error.dependency}:")

    def _failed(self) -> None:
        self._outcomes.append(False)
        if 2 * self._outcomes.count(False) < len(self._outcomes):
            return
        before, now = self._seen, self._clock.now()
        failures = self._ask_store(lambda: self._store.count_failure(self.name, now, self._settings.window_s), 0)
        if failures >= self._settings.threshold:
            self._change(before, before.opened(now, self._settings.recovery_s, self._ids.token()))

    def _probe(self, function: Callable[[], Result]) -> Result:
        """The interval is over. Whoever takes the circuit from OPEN to HALF_OPEN calls; all others stay away.

        Only what the dependency did decides. A probe that failed before it was asked, or for another reason, leaves
        the circuit half open for the next caller. What ends otherwise than with an error of ours is a bug or a killed
        process: then `probe_s` decides.
        """
        now = self._clock.now()
        probing = self._seen.probing(now, self._settings.probe_s, self._ids.token())
        if not self._change(self._seen, probing):
            raise CircuitOpen(self.name)
        try:
            result = function()
        except OrderbridgeError as error:
            self._change(probing, self._after_probe(probing, error))
            raise
        self._change(probing, probing.closed(self._ids.token()))
        return result

    def _after_probe(self, probing: Circuit, error: OrderbridgeError) -> Circuit:
        now, token = self._clock.now(), self._ids.token()
        if _is_answer(error):
            return probing.closed(token)
        if isinstance(error, DependencyUnavailable | DependencyTimeout) and self._is_about(error):
            return probing.opened(now, min(2 * probing.interval_s, self._settings.max_recovery_s), token)
        return probing.probing(now, 0, token)

    def _circuit(self) -> Circuit:
        """The shared state, at most `cache_s` old; CLOSED while the store is down."""
        now = self._clock.now()
        if self._seen_until is None or now >= self._seen_until:
            self._see(self._ask_store(lambda: self._store.load(self.name), Circuit(self.name)), now)
        return self._seen

    def _see(self, circuit: Circuit, asked_at: datetime) -> None:
        """Its age counts from the question: while the answer was on its way, somebody may have opened it."""
        self._seen = circuit
        self._seen_until = asked_at + timedelta(seconds=self._settings.cache_s)
        if circuit.state is not State.CLOSED:
            self._outcomes.clear()

    def _change(self, before: Circuit, after: Circuit) -> bool:
        """Whether it was this call that changed the circuit."""
        now = self._clock.now()
        changed = self._ask_store(lambda: self._store.change(before, after), False)
        if not changed:
            self._seen_until = None
            return False
        self._see(after, now)
        logger().warning("circuit changed", extra={"circuit": self.name, "from": before.state, "to": after.state})
        if self._on_transition is not None:
            self._on_transition(self.name, before.state, after.state)
        return True

    def _ask_store(self, ask: Callable[[], Result], otherwise: Result) -> Result:
        """Ask, unless the store failed a moment ago: its timeouts must not slow down every call."""
        if self._store_rests_until is not None and self._clock.now() < self._store_rests_until:
            return otherwise
        try:
            return ask()
        except OrderbridgeError as error:
            logger().warning(
                "circuit store failed, calls go unguarded", extra={"circuit": self.name, "why": str(error)}
            )
            self._store_rests_until = self._clock.now() + timedelta(seconds=self._settings.store_pause_s)
            return otherwise


def _is_answer(error: OrderbridgeError) -> bool:
    """The dependency was asked and has answered, if only with a "no".

    Contention and Misconfigured may be of a table or a secret of our own, before anybody was asked: they say nothing.
    """
    return not isinstance(error, TransientError | Misconfigured)
