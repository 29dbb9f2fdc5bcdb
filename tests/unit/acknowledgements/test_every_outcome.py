"""Every ERP hears of every outcome, once: whenever the address was set, whatever was dropped or was down."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from chalicelib.acknowledgements.delivery import GIVE_UP_AFTER, MAX_ATTEMPTS_SHOWN, DeliveryState
from chalicelib.domain.events import OrderFailed, OrderRedriven
from tests.support.acknowledgements.world import SOURCE, URL, MemoryErp, World
from tests.support.builders import content

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def erp() -> MemoryErp:
    return MemoryErp()


@pytest.fixture
def world(erp: MemoryErp) -> World:
    return World(erp)


@pytest.mark.parametrize("seconds", [-1, 0, 1, 59, 3600], ids=lambda seconds: f"{seconds} s after the outcome")
def test_an_address_that_is_set_around_the_outcome_hears_of_it_once(world: World, erp: MemoryErp, seconds: int) -> None:
    order_id = world.order()
    if seconds < 0:
        world.set()
        world.app.clock.advance(-seconds)
    world.confirm(order_id)
    world.stream()
    if seconds >= 0:
        world.app.clock.advance(seconds)
        world.set()
    world.run(2 * HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]
    assert world.app.types(order_id).count("ErpAcknowledged") == 1
    assert (world.messages, world.parked) == ([], [])


def test_a_source_without_an_address_costs_nothing_and_is_not_remembered(world: World, erp: MemoryErp) -> None:
    first, second = world.order(), world.order()
    world.confirm(first)
    world.stream()
    world.set()
    world.confirm(second)
    world.stream()
    assert [message.body for message in world.messages] == [f'{{"order_id": "{second}", "source": "{SOURCE}"}}']


def test_outcomes_of_long_before_the_address_are_not_told(world: World, erp: MemoryErp) -> None:
    order_id = world.order()
    world.confirm(order_id)
    world.run(MINUTE)
    world.app.clock.advance((2 * DAY).total_seconds())
    world.set()
    world.run(HOUR)
    assert erp.tries == 0
    assert world.resend.order(order_id, again=False) == "announced"
    world.work()
    assert erp.heard(order_id) == ["order.confirmed"]


def test_a_message_that_was_dropped_is_announced_again(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    world.stream()
    world.messages.clear()
    world.run(10 * MINUTE)
    assert erp.heard(order_id) == ["order.confirmed"]


def test_a_message_that_was_dropped_after_it_failed_is_announced_again(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.down = True
    world.run(10 * MINUTE)
    world.messages.clear()
    erp.down = False
    world.run(2 * HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]


def test_while_the_consumer_is_down_messages_do_not_multiply(world: World, erp: MemoryErp) -> None:
    world.set()
    world.confirm(world.order())
    world.stream()
    for _ in range(300):
        world.app.clock.advance(60)
        world.reconcile()
    assert len(world.messages) <= 1 + 5, "one an hour"
    world.work()
    assert len(erp.told) == 1


def test_a_changed_address_gets_what_the_old_one_refused(world: World, erp: MemoryErp) -> None:
    world.set("https://old.example/")
    order_id = world.order()
    world.confirm(order_id)
    erp.refuses = True
    world.run(HOUR)
    assert [reason for _, reason in world.parked] == [f"CallbackRefused: erp:{SOURCE} answered HTTP 404"]
    assert erp.tries == 1
    erp.refuses = False
    world.set(URL)
    world.run(5 * MINUTE)
    assert erp.heard(order_id) == ["order.confirmed"]
    assert erp.urls[-1] == URL
    world.acknowledge(world.parked[0][0])  # `parking retry all`, afterwards
    assert erp.heard(order_id) == ["order.confirmed"]


def test_an_address_is_used_at_once(world: World, erp: MemoryErp) -> None:
    world.set("https://old.example/")
    world.confirm(world.order())
    world.stream()
    world.set(URL)
    world.work()
    assert erp.urls == [URL]


def test_three_days_of_failure_then_sent_again_by_a_person(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.down = True
    world.run(GIVE_UP_AFTER + HOUR, step=5 * MINUTE)
    [(_, reason)] = world.parked
    assert reason.startswith("given up after 3 days: ")
    assert "HTTP 503" in reason
    assert world.messages == []
    erp.down = False
    assert world.resend.order(order_id, again=False) == "announced"
    world.work()
    world.run(3 * DAY, step=HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]
    assert world.resend.order(order_id, again=False) == "told already"


def test_what_was_given_up_is_tried_again_once_a_day_and_parked_once(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.down = True
    world.run(GIVE_UP_AFTER + HOUR, step=5 * MINUTE)
    tries = erp.tries
    world.run(5 * DAY, step=HOUR)
    assert 4 <= erp.tries - tries <= 6
    assert len(world.parked) == 1
    erp.down = False
    world.run(DAY + HOUR, step=HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]


def test_a_parked_message_that_was_dropped_or_has_expired_is_found(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.refuses = True
    world.run(HOUR)
    world.app.queue.parked.clear()
    erp.refuses = False
    world.run(DAY + HOUR, step=HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]


def test_a_person_who_sends_again_what_is_refused_again_finds_it_parked_again(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.refuses = True
    world.run(HOUR)
    world.app.queue.parked.clear()
    world.resend.order(order_id, again=False)
    world.work()
    assert len(world.parked) == 1


def test_the_log_says_what_was_tried_and_what_is_next(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    erp.down = True
    world.tick()
    [waiting] = world.app.deliveries.of_order(order_id)
    assert (waiting.state, waiting.tries, waiting.attempts[0].status) == (DeliveryState.WAITING, 1, 503)
    assert waiting.next_try_at == world.app.clock.now() + timedelta(seconds=15)
    world.run(6 * HOUR)
    erp.down = False
    world.run(HOUR)
    [told] = world.app.deliveries.of_order(order_id)
    assert told.state is DeliveryState.DELIVERED
    assert told.tries > MAX_ATTEMPTS_SHOWN == len(told.attempts)
    assert (told.attempts[-1].status, told.attempts[-1].error) == (204, "")


def test_removed_and_set_again_it_hears_what_it_missed(world: World, erp: MemoryErp) -> None:
    world.set()
    world.set("")
    order_id = world.order()
    world.confirm(order_id)
    world.run(HOUR)
    assert (erp.tries, world.messages) == (0, [])
    world.set()
    world.run(HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]


def test_a_bug_in_the_call_is_written_down_and_tried_again(world: World, erp: MemoryErp) -> None:
    world.set()
    order_id = world.order()
    world.confirm(order_id)
    world.stream()
    erp.bug = UnicodeError("label too long")
    with pytest.raises(UnicodeError):
        world.acknowledge(world.messages[0].body)
    [waiting] = world.app.deliveries.of_order(order_id)
    assert "UnicodeError: label too long" in waiting.problem
    erp.bug = None
    world.run(HOUR)
    assert erp.heard(order_id) == ["order.confirmed"]


class TestReceivedAndFailed:
    """Told where the source asks for it."""

    def test_both_and_the_outcome_last(self, world: World, erp: MemoryErp) -> None:
        world.set(also=("received", "failed"))
        order_id = world.order()
        world.tick()
        world.append(order_id, OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
        world.run(2 * HOUR)
        world.append(order_id, OrderRedriven(2, "ops", "again"))
        world.append(order_id, OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
        world.tick()
        world.append(order_id, OrderRedriven(3, "ops", "again"))
        world.confirm(order_id)
        world.run(2 * HOUR)
        assert erp.heard(order_id) == ["order.received", "order.failed", "order.failed", "order.confirmed"]
        assert len({message_id for message_id, _ in erp.told}) == 4
        assert world.app.types(order_id).count("ErpAcknowledged") == 1

    def test_neither_unless_it_asks(self, world: World, erp: MemoryErp) -> None:
        world.set()
        order_id = world.order(OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
        world.run(2 * HOUR)
        assert (erp.heard(order_id), world.messages) == ([], [])

    def test_a_dropped_message_about_a_failed_order_is_announced_again(self, world: World, erp: MemoryErp) -> None:
        world.set(also=("failed",))
        order_id = world.order(OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
        world.stream()
        world.messages.clear()
        world.run(3 * HOUR)
        assert erp.heard(order_id) == ["order.failed"]

    def test_what_was_overtaken_is_not_told_any_more(self, world: World, erp: MemoryErp) -> None:
        world.set(also=("received", "failed"))
        order_id = world.order(OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
        world.stream()
        erp.down = True
        world.work()
        world.append(order_id, OrderRedriven(2, "ops", "again"))
        world.confirm(order_id)
        erp.down = False
        world.stream()
        late, early = world.messages[-1], world.messages[:-1]
        world.acknowledge(late.body)
        for message in early:
            world.acknowledge(message.body)
        assert erp.heard(order_id) == ["order.confirmed"]


def test_resend_of_a_time_takes_what_the_erp_has_not_heard(world: World, erp: MemoryErp) -> None:
    told, untold, open_ = world.order(), world.order(), world.order()
    world.set()
    world.confirm(told)
    world.run(HOUR)
    world.reject(untold)
    world.stream()
    world.messages.clear()
    now = world.app.clock.now()
    assert world.resend.source(SOURCE, now - DAY, now, again=False) == {"told already": 1, "announced": 1}
    world.work()
    assert (erp.heard(told), erp.heard(untold), erp.heard(open_)) == (["order.confirmed"], ["order.rejected"], [])
    assert world.resend.source(SOURCE, now - DAY, now, again=True) == {"announced": 2}
    world.work()
    assert (erp.heard(told), erp.heard(untold)) == (["order.confirmed"] * 2, ["order.rejected"] * 2)


def test_a_reconciliation_goes_on_where_its_time_ended(world: World, erp: MemoryErp) -> None:
    world.set()
    ids = [world.order() for _ in range(6)]
    for order_id in ids:
        world.confirm(order_id)
        world.stream()
        world.app.clock.advance(1)
    world.messages.clear()
    world.app.clock.advance(3600)

    def slow(message: dict[str, object]) -> None:
        world.app.clock.advance(4)
        world.send(message)

    reconcile = type(world.reconcile)(
        world.app.subscriptions, world.app.projection, world.app.deliveries, slow, world.bookmark, world.app.clock
    )
    assert [reconcile()["announced"] for _ in range(4)] == [2, 2, 2, 0]
    assert world.bookmark.load() == ""
    world.work()
    assert sorted(order_id for order_id in ids if erp.heard(order_id)) == sorted(ids)


ACTIONS = ("set", "other address", "remove", "order", "confirm", "reject", "again", "stream", "work", "reconcile")
TROUBLE = ("drop", "drop parked", "down", "up", "refuse", "accept", "resend", "retry parked", "minutes", "hours")


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_in_whatever_order_each_outcome_is_told_once_and_the_last_one_last(seed: int) -> None:
    erp = MemoryErp()
    world, chance = World(erp), random.Random(seed)
    orders: list[str] = []
    for _ in range(60):
        _act(chance.choice(ACTIONS + TROUBLE), world, erp, orders, chance)
    erp.down = erp.refuses = False
    world.set()
    world.run(2 * DAY, step=10 * MINUTE)
    for order_id in orders:
        order = world.app.order(order_id)
        heard = [(name, document["data"]["revision"]) for name, document in erp.told_about(order_id)]
        assert len(heard) == len(set(heard)), f"seed {seed}: told twice"
        assert heard == sorted(heard, key=lambda one: one[1]), f"seed {seed}: an earlier revision last"
        if order.is_final:
            assert heard[-1] == (f"{_key(order_id, order.revision)}.{order.status.lower()}", order.revision), f"{seed}"
    assert world.messages == []


def _key(order_id: str, revision: int) -> str:
    return order_id if revision == 1 else f"{order_id}.{revision}"


def _act(action: str, world: World, erp: MemoryErp, orders: list[str], chance: random.Random) -> None:
    open_ = [order_id for order_id in orders if not world.app.order(order_id).is_final]
    match action:
        case "set":
            world.set()
        case "other address":
            world.set(f"https://erp{chance.randrange(9)}.example/")
        case "remove":
            world.set("")
        case "order":
            orders.append(world.order())
        case "confirm" if open_:
            world.confirm(chance.choice(open_))
        case "reject" if open_:
            world.reject(chance.choice(open_))
        case "again" if closed := [o for o in orders if world.app.order(o).status == "REJECTED"]:
            world.app.accept(content(world.app.order(chance.choice(closed)).content.external_id))
        case "stream" | "work" | "reconcile":
            getattr(world, action)()
        case "drop" if world.messages:
            world.messages.pop(chance.randrange(len(world.messages)))
        case "drop parked" if world.parked:
            world.app.queue.parked.pop(chance.randrange(len(world.parked)))
        case "down" | "up":
            erp.down = action == "down"
        case "refuse" | "accept":
            erp.refuses = action == "refuse"
        case "resend" if orders:
            world.resend.order(chance.choice(orders), again=False)
        case "retry parked" if world.parked:
            world.send_back(world.app.queue.parked.pop())
        case "minutes":
            world.app.clock.advance(chance.randrange(1, 600))
        case "hours":
            world.app.clock.advance(chance.randrange(7200))
