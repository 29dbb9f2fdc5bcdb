"""Cancelling at any moment of a running workflow: money, stock and status agree, whatever fails meanwhile.

The real state machine runs the real steps on fakes in memory. Before every call of a port a seeded scheduler decides
who goes on: the execution, a second one of the same order (a function that outlived its timeout), or who cancels.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from chalicelib.adapters.payments.ledger import ChargeState
from chalicelib.domain.errors import Contention, Refused
from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.state import Order, Status
from chalicelib.orders.accept import Intake
from tests.support.builders import ADDRESS, content, line
from tests.support.faults.interleave import interleave
from tests.support.faults.simulation import HELD_COUNTRY, PIECES, Faults, Twin, World

SEEDS, FEWER, MANY = 150, 50, 1000
QUANTITY = 3

ORDERS: dict[str, OrderContent] = {
    "confirmed": content(),
    "held": content(ship_to=replace(ADDRESS, country=HELD_COUNTRY)),
    "declined": content(payment=PaymentInstruction("card", "pm_card_visa_chargeDeclined")),
    "out of stock": content("SO-1", line(quantity=PIECES + 1)),
}
CLOSED = frozenset({Status.REJECTED, Status.CANCELLED})


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What whoever cancelled was told: the order as it stood then, or why not."""

    order: Order | None
    refusal: str = ""


def cancel(app: Twin, order_id: str) -> Cancelled:
    while True:
        try:
            return Cancelled(app.commands.cancel(order_id, "anna", "not needed"))
        except Refused as refusal:
            return Cancelled(None, str(refusal))
        except Contention:
            continue


def choices(seed: int, executions: int) -> Iterator[int]:
    """At first only executions have their turns, for a while of random length."""
    dice = random.Random(seed)
    for _ in range(dice.randrange(45)):
        yield dice.randrange(executions)
    while True:
        yield dice.randrange(1 + executions)


@cache
def told(kind: str, seed: int, executions: int, fault_rate: float, down: bool) -> Cancelled:
    """What whoever cancelled one order was told; all has agreed in the end."""
    world, order_id, cancelled = run(ORDERS[kind], seed, executions, fault_rate, down)
    assert_all_agree(world, order_id, cancelled)
    assert not down or world.order(order_id).status is Status.CANCELLED
    return cancelled


def run(order: OrderContent, seed: int, executions: int, fault_rate: float, down: bool) -> tuple[World, str, Cancelled]:
    """One order and one cancellation, until nothing is left to do; the world then, and the order's id."""
    world = World()
    app = Twin(world, world)
    order_id = Intake(app.repository("Intake"), world.engine).accept(order, "correlation-1").order_id

    def execution(number: int) -> Any:
        def actor(turn: Any) -> str:
            faults = Faults(turn, seed * 7 + number, fault_rate, payment_is_down=down)
            return Twin(faults, world).execute(order_id)

        return actor

    actors = [*(execution(number) for number in range(executions)), lambda turn: cancel(Twin(turn, world), order_id)]
    *ends, cancelled = interleave(world, actors, choices(seed, executions))
    for outcome in (*ends, cancelled):
        assert not isinstance(outcome, Exception), outcome
    assert isinstance(cancelled, Cancelled)
    finish(world, app, order_id)
    return world, order_id, cancelled


def finish(world: World, app: Twin, order_id: str) -> None:
    """All attempts that were started run; a failed order is redriven once, as the dead-letter consumer does."""
    for attempt in (2, 3, 4):
        if any(number == attempt for _, _, number in world.engine.started):
            app.execute(order_id)
        elif world.order(order_id).status is Status.FAILED:
            app.commands.redrive(order_id, "orderbridge", "it may have passed")
            app.execute(order_id)


def assert_all_agree(world: World, order_id: str, cancelled: Cancelled) -> None:
    order, charge = world.order(order_id), world.ledger.find(order_id)
    types = Counter(recorded.type for recorded in world.events.load(order_id))
    held = world.inventory.reserved("WIDGET-1")
    assert held + (world.inventory.available("WIDGET-1") or 0) == PIECES
    assert all(count == 1 for kind, count in types.items() if kind not in ("OrderFailed", "OrderRedriven")), types
    if cancelled.order is not None:
        assert order.status is Status.CANCELLED
    if order.status is Status.CONFIRMED:
        assert cancelled.refusal.startswith("the order is confirmed")
        assert types["CancellationRequested"] == 0
        assert held == QUANTITY
        assert charge is not None
        assert (charge.state, charge.amount) == (ChargeState.CAPTURED, order.content.total)
    else:
        assert order.status in CLOSED
        assert held == 0
        assert charge is None or charge.state in (ChargeState.REFUNDED, ChargeState.VOIDED)
        assert (types["PaymentRefunded"] == 1) == (charge is not None and charge.state is ChargeState.REFUNDED)


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize(
    ("executions", "fault_rate", "seeds"),
    [
        *((1, 0.0, SEEDS), (1, 0.04, FEWER), (2, 0.0, FEWER), (2, 0.04, FEWER)),
        *(pytest.param(*case, MANY, marks=pytest.mark.slow) for case in ((1, 0.0), (1, 0.04), (2, 0.0), (2, 0.04))),
    ],
    ids=str,
)
def test_cancelling_at_any_moment(kind: str, executions: int, fault_rate: float, seeds: int) -> None:
    for seed in range(seeds):
        told(kind, seed, executions, fault_rate, False)


def test_cancelling_while_payments_are_down() -> None:
    for seed in range(SEEDS):
        told("confirmed", seed, 1, 0.0, True)


def test_the_timings_above_meet_every_state() -> None:
    """Cancelled in each state on the way, and refused at each end; the same seeds as above."""
    met: Counter[str] = Counter()
    for kind in ORDERS:
        for seed in range(SEEDS):
            for down in (False, True) if kind == "confirmed" else (False,):
                cancelled = told(kind, seed, 1, 0.0, down)
                if cancelled.order is None:
                    met[f"refused: {cancelled.refusal.partition(';')[0]}"] += 1
                else:
                    met["parked" if cancelled.order.attempt > 1 else cancelled.order.progress] += 1
    wanted = {"RECEIVED", "VALIDATED", "RESERVED", "PAID", "parked"}
    wanted |= {
        "refused: the order is confirmed and on its way",
        "refused: the order is being rejected or is rejected already",
    }
    assert met.keys() == wanted
    assert min(met.values()) >= 5, met
