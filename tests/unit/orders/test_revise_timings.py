"""Orders that are closed and come again at any moment, while late executions go on: money, stock and status agree.

The real state machine runs the real steps on fakes in memory. Before every call of a port a seeded scheduler decides
who goes on: the execution, a second one of the same attempt (a function that outlived its timeout), who cancels, and
who sends the order again and runs what that starts. The executions of earlier revisions are never stopped.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.payments.ledger import Charge, ChargeState
from chalicelib.domain.decisions import MAX_REVISIONS
from chalicelib.domain.errors import Contention, Refused
from chalicelib.domain.ids import revision_key
from chalicelib.domain.order import OrderContent, PaymentInstruction
from chalicelib.domain.state import CLOSED, Status, fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.again import OrderConflict
from tests.support.builders import ADDRESS, content, line
from tests.support.faults.interleave import interleave
from tests.support.faults.simulation import HELD_COUNTRY, PIECES, Faults, Twin, World

SEEDS_PER_CASE = 80
RESENDS = 3

FIRST: dict[str, OrderContent] = {
    "good": content(),
    "held": content(ship_to=replace(ADDRESS, country=HELD_COUNTRY)),
    "declined": content(payment=PaymentInstruction("card", "pm_card_visa_chargeDeclined")),
    "out of stock": content("SO-100045", line(quantity=PIECES + 1)),
}
LATER = (content("SO-100045", line(quantity=2)), content("SO-100045", line(quantity=5)), content("SO-100045", line()))
ORDER_ID = FIRST["good"].order_id


def cancel(app: Twin, turn: Any, times: int) -> None:
    for _ in range(times):
        with suppress(Refused, Contention):
            app.commands.cancel(ORDER_ID, "anna", "not needed")
        for _ in range(4):
            turn.load(ORDER_ID)  # some time passes


def send_again(app: Twin, turn: Any, world: World, seed: int, fault_rate: float) -> int:
    """Post other contents, again and again, and run whatever that starts; how many revisions it brought."""
    brought = 0
    dice = random.Random(seed)
    for number in range(RESENDS * 4):
        try:
            answer = Intake(app.repository("Intake"), app.workflow).accept(dice.choice(LATER), f"again-{number}")
        except (OrderConflict, Contention):
            turn.load(ORDER_ID)  # some time passes
            continue
        if not answer.replayed:
            brought += 1
            Twin(Faults(turn, seed * 7 + number, fault_rate), world).execute(ORDER_ID, attempt=app_attempt(world))
        if brought == 1 + seed % RESENDS:
            break
    return brought


def app_attempt(world: World) -> int:
    return max(attempt for _, _, attempt in world.engine.started)


def choices(seed: int, actors: int) -> Iterator[int]:
    """At first only the executions of the first attempt have their turns, for a while of random length."""
    dice = random.Random(seed)
    for _ in range(dice.randrange(30)):
        yield dice.randrange(2)
    while True:
        yield dice.randrange(actors)


def run(first: OrderContent, seed: int, fault_rate: float) -> tuple[World, int]:
    """One number, until nothing is left to do; the world then, and how many revisions were sent while it was busy."""
    world = World()
    app = Twin(world, world)
    Intake(app.repository("Intake"), world.engine).accept(first, "first")

    def execution(number: int) -> Any:
        return lambda turn: Twin(Faults(turn, seed * 7 + number, fault_rate), world).execute(ORDER_ID, attempt=1)

    actors = [
        execution(0),
        execution(1),
        lambda turn: cancel(Twin(turn, world), turn, 1 + seed % 8),
        lambda turn: send_again(Twin(turn, world), turn, world, seed, fault_rate),
    ]
    *ends, brought = interleave(world, actors, choices(seed, len(actors)))
    for outcome in (*ends, brought):
        assert not isinstance(outcome, Exception), repr(outcome)
    assert isinstance(brought, int)
    finish(world, app)
    return world, brought


def finish(world: World, app: Twin) -> None:
    """All attempts that were started run once more; a failed order is redriven, as the dead-letter consumer does."""
    for attempt in sorted({attempt for _, _, attempt in world.engine.started}):
        app.execute(ORDER_ID, attempt)
    for _ in range(3):
        if world.order(ORDER_ID).status is Status.FAILED:
            app.execute(ORDER_ID, app.commands.redrive(ORDER_ID, "orderbridge", "it may have passed").attempt)


def charges(world: World) -> dict[int, Charge]:
    found = {number: world.ledger.find(revision_key(ORDER_ID, number)) for number in range(1, MAX_REVISIONS)}
    return {number: charge for number, charge in found.items() if charge is not None}


def assert_all_agree(world: World) -> None:
    order, held = world.order(ORDER_ID), world.inventory.reserved("WIDGET-1")
    assert held + (world.inventory.available("WIDGET-1") or 0) == PIECES
    kept = {number: charge for number, charge in charges(world).items() if charge.state is ChargeState.CAPTURED}
    if order.status is Status.CONFIRMED:
        assert held == order.content.quantities()["WIDGET-1"]
        assert {number: charge.amount for number, charge in kept.items()} == {order.revision: order.content.total}
    else:
        assert order.status in CLOSED
        assert (held, kept) == (0, {})
    for number in range(1, order.revision + 1):
        assert_revision_makes_sense(world, number)


def assert_revision_makes_sense(world: World, number: int) -> None:
    """Within a revision nothing happens twice, and nothing is skipped: each was validated before it was reserved."""
    recorded = world.events.load(ORDER_ID)
    order = fold(recorded)
    own = [event for event in recorded if order.revision_at(event.sequence).number == number]
    kinds = [event.type for event in own]
    counts = Counter(kinds)
    assert all(count == 1 for kind, count in counts.items() if kind not in ("OrderFailed", "OrderRedriven")), kinds
    way = ["OrderValidated", "InventoryReserved", "PaymentCaptured", "OrderConfirmed"]
    done = [kind for kind in kinds if kind in way]
    assert done == way[: len(done)], kinds
    assert counts["PaymentCaptured"] == counts["PaymentRefunded"] + counts["OrderConfirmed"], kinds
    assert counts["InventoryReserved"] == counts["InventoryReleased"] + counts["OrderConfirmed"], kinds
    ends = {"OrderConfirmed", "OrderRejected", "OrderCancelled"} & set(kinds)
    assert len(ends) == 1, kinds


@pytest.mark.parametrize("kind", FIRST)
@pytest.mark.parametrize("fault_rate", [0.0, 0.04])
def test_an_order_that_comes_again_at_any_moment(kind: str, fault_rate: float) -> None:
    for seed in range(SEEDS_PER_CASE):
        world, _ = run(FIRST[kind], seed, fault_rate)
        assert_all_agree(world)


def test_the_timings_above_meet_every_end() -> None:
    met: Counter[str] = Counter()
    for first in FIRST.values():
        for seed in range(SEEDS_PER_CASE):
            world, brought = run(first, seed, 0.0)
            met[f"{world.order(ORDER_ID).status}{' after a revision' if brought else ''}"] += 1
    assert met["CONFIRMED after a revision"] >= 20, met
    assert met["CANCELLED after a revision"] >= 5, met
    assert met["CONFIRMED"] >= 5, met
