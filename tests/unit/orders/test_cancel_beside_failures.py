"""A cancellation that was accepted is carried out, whatever fails beside it, and nobody has to redrive anything.

The real state machine runs the real steps in memory, but one of them is broken for good. Before every call of a port a
seeded scheduler decides who goes on: the execution, its failure handling included, or who cancels. Afterwards only what
was started runs, and the sweeper; no operator acts.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.domain.errors import Contention, Misconfigured, Refused
from chalicelib.domain.events import CancellationRequested, OrderFailed
from chalicelib.domain.state import Status
from chalicelib.orders.accept import Intake
from chalicelib.wiring.steps import RunStep
from chalicelib.workflow.table import COMPENSATIONS, STEPS
from tests.support.builders import content
from tests.support.faults.interleave import interleave
from tests.support.faults.simulation import PIECES, Twin, World

SEEDS = 150
FORWARD = tuple(step.name for step in STEPS)


class Broken(Twin):
    """The steps, of which one fails in a way that does not pass: a bug, a wrong setting."""

    def __init__(self, ports: Any, world: World, broken: str) -> None:
        super().__init__(ports, world)
        self.broken = broken

    def step(self, name: str, retry: int = 0, attempt: int = 0) -> RunStep:
        if name == self.broken:
            raise Misconfigured("step: a failure switch is on")
        return super().step(name, retry, attempt)


@dataclass(frozen=True, slots=True)
class Ended:
    """The world when nothing is left to do."""

    world: World
    order_id: str
    accepted: bool
    """The cancellation; else the order was confirmed before."""


def run(broken: str, seed: int) -> Ended:
    """One order that is cancelled at some moment while the step is broken."""
    world = World()
    order_id = Intake(Twin(world, world).repository("Intake"), world.engine).accept(content(), "c-1").order_id

    def execution(turn: Any) -> str:
        return Broken(turn, world, broken).execute(order_id, 1)

    def canceller(turn: Any) -> bool:
        while True:
            try:
                Twin(turn, world).commands.cancel(order_id, "anna", "not needed")
            except Contention:
                continue
            except Refused:
                return False
            return True

    execution_ended, accepted = interleave(world, [execution, canceller], choices(seed))
    assert isinstance(execution_ended, str), execution_ended
    app = Broken(world, world, broken)
    for _, _, attempt in world.engine.started[1:]:
        app.execute(order_id, attempt)
    return Ended(world, order_id, bool(accepted))


def choices(seed: int) -> Iterator[int]:
    """At first only the execution has its turns, for a while of random length."""
    dice = random.Random(seed)
    yield from [0] * dice.randrange(25)
    while True:
        yield dice.randrange(2)


def assert_nothing_is_kept(ended: Ended) -> None:
    charge = ended.world.ledger.find(ended.order_id)
    assert charge is None or charge.state in (ChargeState.REFUNDED, ChargeState.VOIDED)
    assert ended.world.inventory.available("WIDGET-1") == PIECES


@pytest.mark.parametrize("broken", FORWARD)
def test_a_cancelled_order_is_undone_though_a_step_is_broken(broken: str) -> None:
    for seed in range(SEEDS):
        ended = run(broken, seed)
        assert ended.accepted
        assert ended.world.order(ended.order_id).status is Status.CANCELLED, seed
        assert_nothing_is_kept(ended)


def test_the_timings_above_meet_each_order_of_failure_and_cancellation() -> None:
    met: Counter[str] = Counter()
    for seed in range(SEEDS):
        ended = run("ConfirmOrder", seed)
        events = [recorded.event for recorded in ended.world.events.load(ended.order_id)]
        parked = [at for at, event in enumerate(events) if isinstance(event, OrderFailed)]
        cancelled = next(at for at, event in enumerate(events) if isinstance(event, CancellationRequested))
        met[
            "cancelled first" if not parked else "parked first" if parked[0] < cancelled else "parked all the same"
        ] += 1
    assert met.keys() == {"cancelled first", "parked first"}
    assert min(met.values()) >= 5, met


@pytest.mark.parametrize("broken", [step.name for step in COMPENSATIONS])
def test_only_a_compensation_that_fails_parks_a_cancelled_order(broken: str) -> None:
    """It waits for a person, as money or stock that is stuck; a redrive of the mended step closes it."""
    met = 0
    for seed in range(SEEDS):
        ended = run(broken, seed)
        order = ended.world.order(ended.order_id)
        if not ended.accepted:
            assert order.status is Status.CONFIRMED
            continue
        met += 1
        assert order.status is Status.FAILED, seed
        assert order.failure is not None
        assert order.failure.step == broken
        Twin(ended.world, ended.world).commands.redrive(ended.order_id, "anna", "mended")
        Twin(ended.world, ended.world).execute(ended.order_id)
        assert ended.world.order(ended.order_id).status is Status.CANCELLED
        assert_nothing_is_kept(ended)
    assert met > 10
