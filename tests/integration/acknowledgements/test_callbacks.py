"""The consumer of outcomes: whom it tells what, what it parks; and the commands, over DynamoDB."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from chalicelib.acknowledgements.callback import AcknowledgeErp, redelivery_delay_s
from chalicelib.acknowledgements.delivery import Delivery
from chalicelib.acknowledgements.subscription import Subscription
from chalicelib.adapters.memory.callbacks import MemoryDeliveries
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.events import ErpAcknowledged
from tests.support.acknowledgements.world import SOURCE, MemoryErp, World
from tests.support.builders import content


@pytest.fixture
def erp() -> MemoryErp:
    return MemoryErp()


@pytest.fixture
def world(erp: MemoryErp) -> World:
    world = World(erp)
    world.set()
    return world


def confirmed(world: World) -> str:
    order_id = world.order()
    world.confirm(order_id)
    return order_id


def test_an_outcome_is_announced_to_sources_that_want_it(world: World) -> None:
    order_id = confirmed(world)
    world.stream()
    assert [json.loads(message.body) for message in world.messages] == [{"order_id": order_id, "source": SOURCE}]
    world.set("")
    confirmed(world)
    world.stream()
    assert len(world.messages) == 1


def test_the_erp_is_told_once_and_the_order_remembers(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    for _ in range(2):
        world.acknowledge(json.dumps({"order_id": order_id}))
    [(message_id, document)] = erp.told
    assert message_id == f"{order_id}.confirmed"
    assert document["data"]["status"] == "CONFIRMED"
    assert document["data"]["external_id"] == "SO-1"
    assert world.app.types(order_id)[-1] == "ErpAcknowledged"


def test_what_a_release_without_a_log_has_told_is_not_told_again(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    world.append(order_id, ErpAcknowledged("http", "CONFIRMED"))
    world.acknowledge(json.dumps({"order_id": order_id}))
    assert erp.tries == 0


def test_an_erp_that_is_down_gets_its_answer_later(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    erp.down = True
    with pytest.raises(DependencyUnavailable):
        world.acknowledge(json.dumps({"order_id": order_id}))
    assert "ErpAcknowledged" not in world.app.types(order_id)
    erp.down = False
    world.acknowledge(json.dumps({"order_id": order_id}))
    assert world.app.types(order_id).count("ErpAcknowledged") == 1


def test_what_the_erp_refuses_for_good_is_parked_and_can_be_sent_again(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    erp.refuses = True
    world.acknowledge(json.dumps({"order_id": order_id}))
    [(body, reason)] = world.parked
    assert reason == "CallbackRefused: erp:sap-emea answered HTTP 404"
    erp.refuses = False
    world.acknowledge(body)
    assert world.app.types(order_id)[-1] == "ErpAcknowledged"


def test_the_outcome_of_every_revision_is_told_under_an_id_of_its_own(world: World, erp: MemoryErp) -> None:
    order_id = world.order()
    message = json.dumps({"order_id": order_id})
    world.reject(order_id)
    world.acknowledge(message)
    world.app.accept(content("SO-1"))  # comes again
    world.acknowledge(message)  # late, and there is no outcome to tell
    world.reject(order_id)
    world.acknowledge(message)
    world.acknowledge(message)
    world.app.accept(content("SO-1"))
    world.confirm(order_id)
    world.acknowledge(message)
    told = [(message_id, document["data"]["revision"]) for message_id, document in erp.told]
    assert told == [(f"{order_id}.rejected", 1), (f"{order_id}.2.rejected", 2), (f"{order_id}.3.confirmed", 3)]
    assert world.app.types(order_id).count("ErpAcknowledged") == 3


def test_an_order_that_comes_again_while_the_erp_is_called_owes_it_the_next_outcome(world: World) -> None:
    order_id = world.order()
    world.reject(order_id)

    def meanwhile(subscription: Subscription, message_id: str, body: bytes) -> int:
        world.app.accept(content("SO-1"))
        return 200

    replace(world.acknowledge, callback=meanwhile)(json.dumps({"order_id": order_id}))
    assert world.app.types(order_id)[-1] == "OrderRevised"
    assert world.app.order(order_id).acknowledged == ()


def test_two_messages_about_one_outcome_call_the_erp_once_at_a_time(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    message = json.dumps({"order_id": order_id})
    second: list[Exception] = []

    def slow(subscription: Subscription, message_id: str, body: bytes) -> int:
        try:
            world.acknowledge(message)
        except Exception as error:  # noqa: BLE001 - what the second message suffers
            second.append(error)
        return erp(subscription, message_id, body)

    replace(world.acknowledge, callback=slow)(message)
    assert [type(error).__name__ for error in second] == ["Contention"], "it comes again"
    world.acknowledge(message)
    assert len(erp.told) == 1


@pytest.mark.parametrize(
    "poison",
    [
        "not JSON",
        "[]",
        "{}",
        '{"order_id": "o-000000000000000000000000"}',
        '{"order_id": 7}',
        '{"order_id": "o-000000000000000000000000", "about": "PAID"}',
        '{"order_id": "o-000000000000000000000000", "about": "FAILED", "attempt": "1"}',
        "[" * 100_000,
    ],
    ids=lambda poison: poison[:60],
)
def test_poison_is_parked(world: World, poison: str) -> None:
    world.acknowledge(poison)
    [(body, reason)] = world.parked
    assert body == poison
    assert reason.startswith(("UnreadableMessage: ", "UnknownOrder: there is no order"))


def test_an_erp_that_stays_away_is_asked_less_and_less_often_for_three_days() -> None:
    delays = [redelivery_delay_s(receives) for receives in range(1, 301)]
    assert delays[:8] == [15, 30, 60, 120, 240, 480, 900, 900]
    assert 3 * 24 * 3600 < sum(delays) < 4 * 24 * 3600, "longer than a weekend, shorter than the queue keeps messages"


def test_a_killed_call_is_repeated_under_the_same_id_and_one_that_was_told_is_only_remembered(
    world: World, erp: MemoryErp
) -> None:
    order_id = confirmed(world)
    message = json.dumps({"order_id": order_id})

    def killed(subscription: Subscription, message_id: str, body: bytes) -> int:
        raise SystemExit

    with pytest.raises(SystemExit):
        replace(world.acknowledge, callback=killed)(message)
    world.app.clock.advance(600)
    world.acknowledge(message)
    assert [message_id for message_id, _ in erp.told] == [f"{order_id}.confirmed"]


def test_told_but_not_written_into_the_history_it_is_not_told_again(world: World, erp: MemoryErp) -> None:
    order_id = confirmed(world)
    message = json.dumps({"order_id": order_id})
    events = world.app.repository()

    class Full:
        """Loads, and cannot append."""

        clock = events.clock

        def load(self, order_id: str) -> object:
            return events.load(order_id)

        def handle(self, *_: object) -> None:
            raise DependencyUnavailable("DynamoDB", "throttled")

    stuck = AcknowledgeErp(Full(), erp, world.app.subscriptions, world.app.deliveries, world.app.queue.park)  # type: ignore[arg-type]
    with pytest.raises(DependencyUnavailable):
        stuck(message)
    world.acknowledge(message)
    assert len(erp.told) == 1
    assert world.app.types(order_id)[-1] == "ErpAcknowledged"


def test_told_while_the_log_cannot_be_written_it_is_in_the_history_and_not_told_again(
    world: World, erp: MemoryErp
) -> None:
    order_id = confirmed(world)
    message = json.dumps({"order_id": order_id})
    log = world.app.deliveries

    class FullFromNowOn(MemoryDeliveries):
        def get(self, order_id: str, message_id: str) -> Delivery | None:
            return log.get(order_id, message_id)

        def put(self, delivery: Delivery) -> bool:
            if erp.told:
                raise DependencyUnavailable("DynamoDB (control)", "throttled")
            return log.put(delivery)

    replace(world.acknowledge, deliveries=FullFromNowOn())(message)
    assert world.app.types(order_id)[-1] == "ErpAcknowledged"
    world.app.clock.advance(600)
    world.acknowledge(message)
    assert len(erp.told) == 1
