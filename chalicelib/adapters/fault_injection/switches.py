"""Rehearsing outages: switches that make a dependency fail, on stages where that is allowed.

mode             the caller sees                                the dependency
unavailable      DependencyUnavailable                          is not called
timeout_before   DependencyTimeout                              is not called
timeout_after    DependencyTimeout                              acts, and the answer is lost
broken           Misconfigured: an operator is needed           is not called
decline          the business "no" of the call, if it has one   is not called
slow             the answer, `seconds` later                    acts
crash_before     the process is killed                          is not called
crash_after      the process is killed                          acts, and nobody hears of it

A switch is for all operations of a dependency or for one, for a number of calls or for a time; at most for a day, so
that a rehearsal that was forgotten ends. Where switches are not enabled nothing is read and nothing can be switched.
A process that has found no switch at all looks again after a second; where there is one, it acts on the very next call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured, OrderbridgeError, Refused
from chalicelib.ports import Clock

LONGEST_REHEARSAL = timedelta(days=1)
NOTICED_WITHIN = timedelta(seconds=1)
"""The first switch, by every process: reading before each call would cost a stage as much as half of its own reads."""

MAX_SLOW_S = 60.0
ALL = "*"
"""Stands for every operation of a dependency."""

Result = TypeVar("Result")


class Mode(StrEnum):
    """See the module's table."""

    UNAVAILABLE = "unavailable"
    TIMEOUT_BEFORE = "timeout_before"
    TIMEOUT_AFTER = "timeout_after"
    BROKEN = "broken"
    DECLINE = "decline"
    SLOW = "slow"
    CRASH_BEFORE = "crash_before"
    CRASH_AFTER = "crash_after"


CRASHES = frozenset({Mode.CRASH_BEFORE, Mode.CRASH_AFTER})


@dataclass(frozen=True, slots=True)
class Switch:
    """`remaining`: calls that still fail, None for all until `until`. `seconds`: how slow, for mode slow."""

    dependency: str
    mode: Mode
    operation: str = ALL
    remaining: int | None = None
    until: datetime | None = None
    seconds: float = 0.0

    def is_on(self, now: datetime) -> bool:
        return self.remaining != 0 and (self.until is None or now < self.until)


class SwitchStore(Protocol):
    """Where the switches are. Raises DependencyUnavailable, DependencyTimeout."""

    def put(self, switch: Switch) -> None:
        """Switch on; replaces the switch of the same dependency and operation."""
        ...

    def clear(self, dependency: str, operation: str) -> None: ...

    def switches(self) -> Sequence[Switch]:
        """All; also those that are spent."""
        ...

    def use(self, switch: Switch) -> bool:
        """Take one of its remaining calls, if they are counted; False if there was none left."""
        ...

    def count_call(self, dependency: str, now: datetime) -> None: ...

    def calls(self, dependency: str) -> Mapping[datetime, int]:
        """Calls per second while a switch was there, by the second's start. Kept for a day."""
        ...


class FaultSwitches:
    """The switches of a stage. `kill` ends the process on the spot, as a power cut does."""

    def __init__(
        self, store: SwitchStore, clock: Clock, enabled: bool, kill: Callable[[int], object] = os._exit
    ) -> None:
        self._store = store
        self._clock = clock
        self._enabled = enabled
        self._kill = kill
        self._quiet_until = datetime.min.replace(tzinfo=UTC)

    def on(self, switch: Switch) -> Switch:
        """Switch on; what is now switched on. Raises Refused where it is not allowed, ValueError for nonsense."""
        if not self._enabled:
            raise Refused("this stage does not allow failure switches")
        switch = bounded(switch, self._clock.now())
        self._store.put(switch)
        self._quiet_until = self._clock.now()
        return switch

    def off(self, dependency: str, operation: str = ALL) -> None:
        self._store.clear(dependency, operation)

    def status(self) -> Sequence[Switch]:
        """The switches that are on."""
        return [switch for switch in self._store.switches() if switch.is_on(self._clock.now())]

    def calls(self, dependency: str) -> Mapping[datetime, int]:
        return self._store.calls(dependency)

    def with_faults(
        self,
        dependency: str,
        function: Callable[[], Result],
        operation: str = ALL,
        refusal: OrderbridgeError | None = None,
    ) -> Result:
        """Call the function, or fail instead as the switch says. `refusal`: what mode decline raises, if it can."""
        switch = self._take(dependency, operation, refusal is not None) if self._enabled else None
        if switch is None:
            return function()
        mode = switch.mode
        if mode is Mode.UNAVAILABLE:
            raise DependencyUnavailable(dependency, "a failure switch is on")
        if mode is Mode.TIMEOUT_BEFORE:
            raise DependencyTimeout(dependency, "a failure switch is on")
        if mode is Mode.BROKEN:
            raise Misconfigured(f"{dependency}: a failure switch is on")
        if mode is Mode.DECLINE and refusal is not None:
            raise refusal
        if mode is Mode.CRASH_BEFORE:
            self._kill(1)
        if mode is Mode.SLOW:
            self._clock.sleep(switch.seconds)
        result = function()
        if mode is Mode.CRASH_AFTER:
            self._kill(1)
        if mode is Mode.TIMEOUT_AFTER:
            raise DependencyTimeout(dependency, "a failure switch is on")
        return result

    def _take(self, dependency: str, operation: str, can_refuse: bool) -> Switch | None:
        """The switch that decides about this call: the operation's own, or else that of all operations."""
        now = self._clock.now()
        if now < self._quiet_until:
            return None
        found = self._store.switches()
        if not found:
            self._quiet_until = now + NOTICED_WITHIN
        switches = {switch.operation: switch for switch in found if switch.dependency == dependency}
        if switches:
            self._store.count_call(dependency, now)
        for switch in (switches.get(operation), switches.get(ALL)):
            if switch is None or not switch.is_on(now) or (switch.mode is Mode.DECLINE and not can_refuse):
                continue
            if self._store.use(switch):
                return switch
        return None


def bounded(switch: Switch, now: datetime) -> Switch:
    """With an end, and a crash for one call unless it says for how many. Raises ValueError for nonsense."""
    if switch.mode is Mode.SLOW and not 0 < switch.seconds <= MAX_SLOW_S:
        raise ValueError(f"slow needs the seconds a call takes, up to {MAX_SLOW_S:g}")
    if switch.remaining is not None and switch.remaining < 1:
        raise ValueError("the number of calls must be 1 or more")
    if not switch.dependency or "/" in switch.dependency + switch.operation:
        raise ValueError("the dependency needs a name, without a slash")
    latest = now + LONGEST_REHEARSAL
    remaining = switch.remaining or (1 if switch.mode in CRASHES else None)
    return replace(switch, remaining=remaining, until=min(switch.until or latest, latest))
