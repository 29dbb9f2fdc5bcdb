"""Exactly one delivery for each outcome, seen by a real receiver that verifies with the specification's own library."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.adapters.http_callback import CallbackTarget, HttpCallback
from chalicelib.adapters.system import SystemClock
from tests.support.acknowledgements.receiver import SECRET, Receiver, receiving
from tests.support.acknowledgements.world import World

HOUR = timedelta(hours=1)


@pytest.fixture
def erp() -> Iterator[Receiver]:
    with receiving() as peer:
        yield peer


@pytest.fixture
def world() -> World:
    http = HttpCallback(SystemClock(), plain_http=True)  # signatures are of the real time, all else of the virtual

    def call(subscription: Subscription, message_id: str, body: bytes) -> int:
        target = CallbackTarget(subscription.source, subscription.url, (SECRET,))
        return http.send(target, message_id, body)

    return World(call)


@pytest.mark.parametrize("seconds", [-1, 0, 1], ids=["set before", "in the moment", "set after"])
def test_the_address_is_set_around_the_outcome(world: World, erp: Receiver, seconds: int) -> None:
    order_id = world.order()
    if seconds < 0:
        world.set(erp.url)
        world.app.clock.advance(1)
        world.confirm(order_id)
        world.stream()
    else:
        world.confirm(order_id)
        world.stream()
        world.app.clock.advance(seconds)
        world.set(erp.url)
    world.run(HOUR)
    assert erp.accepted == [f"{order_id}.confirmed"]


def test_the_message_is_dropped(world: World, erp: Receiver) -> None:
    world.set(erp.url)
    order_id = world.order()
    world.confirm(order_id)
    world.stream()
    world.messages.clear()
    world.run(HOUR)
    assert erp.accepted == [f"{order_id}.confirmed"]


def test_the_address_is_changed(world: World, erp: Receiver) -> None:
    with receiving() as old:
        old.status = 410
        world.set(old.url)
        order_id = world.order()
        world.confirm(order_id)
        world.run(HOUR)
        assert (len(old.received), old.accepted, len(world.parked)) == (1, [], 1)
        world.set(erp.url)
        world.run(HOUR)
    assert erp.accepted == [f"{order_id}.confirmed"]


def test_three_days_of_failure_and_a_person_sends_it_again(world: World, erp: Receiver) -> None:
    world.set(erp.url)
    order_id = world.order()
    world.confirm(order_id)
    erp.status = 503
    world.run(timedelta(days=3, hours=1), step=timedelta(minutes=15))
    assert len(erp.received) > 200
    assert len(world.parked) == 1
    erp.status = 200
    assert world.resend.order(order_id, again=False) == "announced"
    world.run(timedelta(days=2), step=HOUR)
    assert erp.accepted == [f"{order_id}.confirmed"]
    assert world.app.order(order_id).acknowledged == ("CONFIRMED",)
