"""Reservations in several transactions under kills, lost answers, zombies and contention: nothing is lost or doubled.

Driven through the real steps, as the workflow does, with two SKUs in one transaction so that five need three. On the
dictionary that passes the inventory's contract, where a call takes no time; the slow form does the same on moto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.inventory.inventory import DynamoDbInventory
from chalicelib.adapters.memory import FixedClock, SequentialIds
from chalicelib.adapters.resilience.backoff import MAX_DELAY_S, MAX_WAITS
from chalicelib.domain.errors import (
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    InsufficientStock,
    Misconfigured,
    OrderbridgeError,
    Rejection,
)
from chalicelib.domain.events import CancellationRequested, InventoryReleased, InventoryReserved
from chalicelib.domain.state import Order, Status
from chalicelib.orders.repository import OrderRepository
from chalicelib.steps.reject_order import RejectOrder
from chalicelib.steps.release_inventory import ReleaseInventory
from chalicelib.steps.reserve_inventory import ReserveInventory
from tests.support.aws import SETTINGS, moto_dynamodb
from tests.support.builders import append, content, line, received
from tests.support.examples import dear
from tests.support.faults.faults import Hook, HookedClient, Killed, Place, cancel, kill, lose_answers
from tests.support.faults.interleave import interleave
from tests.support.tiny_dynamodb import TinyDynamoDb

FULL = 10
THIRD = ("transact_write_items", 3)
WANTED = {"A": 1, "B": 2, "C": 3, "D": 4, "E": 5}


class Shop:
    """One order `number` for five SKUs of its own, `FULL` pieces of each; every method is a process of its own."""

    tokens = SequentialIds()

    def __init__(self, client: Any, number: int = 0, short: str = "") -> None:
        self.client = client
        self.order_id = f"o-{number}"
        self.skus = {name: f"{name}-{number}" for name in WANTED}
        self.wanted = {self.skus[name]: quantity for name, quantity in WANTED.items()}
        lines = (line(sku, quantity, index + 1) for index, (sku, quantity) in enumerate(self.wanted.items()))
        self.repository().events.append(append(received(content(f"SO-{number}", *lines)), self.order_id))
        for name, sku in self.skus.items():
            self.inventory().set_available(sku, 0 if name == short else FULL)
        self.total = self.pieces()

    def repository(self, client: Any = None) -> OrderRepository:
        return self._process(client)[0]

    def inventory(self, client: Any = None) -> DynamoDbInventory:
        return self._process(client)[1]

    def reserve(self, client: Any = None, clock: FixedClock | None = None) -> Status:
        return ReserveInventory(*self._process(client, clock))(self.order_id)

    def release(self, client: Any = None) -> Status:
        return ReleaseInventory(*self._process(client))(self.order_id)

    def close(self, client: Any = None) -> Status:
        return RejectOrder(self.repository(client))(self.order_id)

    def cancel(self, client: Any = None) -> None:
        repository = self.repository(client)
        repository.handle(self.order_id, lambda order: repository.append(order, CancellationRequested("test", "")))

    def undo(self, client: Any = None) -> Status:
        """Cancel and run the compensations to the end."""
        self.cancel(client)
        self.release(client)
        return self.close(client)

    def _process(
        self, client: Any = None, clock: FixedClock | None = None
    ) -> tuple[OrderRepository, DynamoDbInventory]:
        client, clock, ids = client or self.client, clock or FixedClock(), SequentialIds()
        store = DynamoDbEventStore(client, SETTINGS.name("events"))
        inventory = DynamoDbInventory(client, SETTINGS.name("inventory"), store, clock, ids, skus_per_transaction=2)
        return OrderRepository(store, clock, self.tokens, "test"), inventory

    def order(self) -> Order:
        return self.repository().load(self.order_id)

    def pieces(self) -> int:
        stocks = self.inventory()
        return sum((stocks.available(sku) or 0) + stocks.reserved(sku) for sku in self.wanted)

    def reserved(self) -> dict[str, int]:
        return {sku: self.inventory().reserved(sku) for sku in self.wanted}

    def events_of(self, kind: type) -> list[Any]:
        recorded = self.repository().events.load(self.order_id)
        return [one.event for one in recorded if isinstance(one.event, kind)]

    def assert_reserved_once(self) -> None:
        assert self.reserved() == self.wanted
        assert self.pieces() == self.total
        assert [event.quantities for event in self.events_of(InventoryReserved)] == [self.wanted]

    def assert_nothing_held(self) -> None:
        assert self.reserved() == dict.fromkeys(self.wanted, 0)
        assert self.pieces() == self.total
        assert not self.inventory().holds_anything(self.order_id)


MakeDatabase = Callable[[], AbstractContextManager[Any]]


@pytest.fixture(params=["dictionary", pytest.param("moto", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> MakeDatabase:
    """Makes an empty DynamoDB, whose client the block gets."""
    return moto_dynamodb if request.param == "moto" else lambda: nullcontext(TinyDynamoDb())


@pytest.fixture
def client(database: MakeDatabase) -> Iterator[Any]:
    with database() as client:
        yield client


def killed_everywhere(
    client: Any, action: Callable[[Shop, Any], object], prepare: Callable[[Shop], object], short: str = ""
) -> Iterator[Shop]:
    """A new shop for every place where `action` can be killed: before and after each of its AWS calls."""
    calls = 0
    for number in range(1, 100):
        shop = Shop(client, number, short)
        prepare(shop)
        place, after = divmod(number + 1, 2)
        hooked = HookedClient(client, after={place: kill}) if after else HookedClient(client, before={place: kill})
        try:
            action(shop, hooked)
        except Killed:
            calls = place
            yield shop
        except Rejection:
            break
        else:
            break
    assert calls >= 4, "the action makes more calls than that"


def nothing(shop: Shop) -> None:
    pass


def test_a_reservation_killed_anywhere_is_finished_by_the_next_attempt(client: Any) -> None:
    for shop in killed_everywhere(client, Shop.reserve, nothing):
        assert shop.pieces() == shop.total
        assert shop.reserve() is Status.RESERVED
        shop.assert_reserved_once()


def test_a_reservation_killed_anywhere_is_undone_by_the_compensations(client: Any) -> None:
    for shop in killed_everywhere(client, Shop.reserve, nothing):
        assert shop.undo() is Status.CANCELLED
        shop.assert_nothing_held()


def test_a_shortage_killed_anywhere_ends_with_nothing_held(client: Any) -> None:
    """The stock looks sufficient at first: E is gone only when the first two transactions are done."""

    def reserve_while_e_goes(shop: Shop, hooked: HookedClient) -> None:
        hooked.before[THIRD] = lambda: shop.inventory().set_available(shop.skus["E"], 0)
        shop.reserve(hooked)

    for shop in killed_everywhere(client, reserve_while_e_goes, nothing):
        shop.inventory().set_available(shop.skus["E"], 0)
        shop.total = shop.pieces()
        with pytest.raises(Rejection):
            shop.reserve()
        shop.release()
        assert shop.close() is Status.REJECTED
        shop.assert_nothing_held()


def test_a_release_killed_anywhere_gives_everything_back_once(client: Any) -> None:
    def prepare(shop: Shop) -> None:
        shop.reserve()
        shop.cancel()

    for shop in killed_everywhere(client, Shop.release, prepare):
        assert shop.pieces() == shop.total
        shop.release()
        shop.assert_nothing_held()
        assert shop.events_of(InventoryReleased) == [InventoryReleased(shop.wanted)]
        assert shop.close() is Status.CANCELLED


def test_a_shortage_in_a_later_transaction_puts_the_earlier_ones_back(client: Any) -> None:
    shop = Shop(client)
    hooked = HookedClient(client, before={THIRD: lambda: shop.inventory().set_available(shop.skus["E"], 4)})
    with pytest.raises(InsufficientStock, match="SKU E-0: 5 ordered, 4 available"):
        shop.reserve(hooked)
    assert hooked.calls.count("transact_write_items") == 5  # two taken, one short, two put back
    shop.total = shop.pieces()
    shop.assert_nothing_held()


def test_a_shortage_seen_beforehand_takes_nothing_at_all(client: Any) -> None:
    shop, hooked = Shop(client, short="E"), HookedClient(client)
    with pytest.raises(InsufficientStock, match="SKU E-0: 5 ordered, 0 available"):
        shop.reserve(hooked)
    assert "transact_write_items" not in hooked.calls


def test_stock_that_arrives_while_the_shortage_is_looked_at_is_taken(client: Any) -> None:
    shop = Shop(client)
    arrivals: dict[Place, Hook] = {
        THIRD: lambda: shop.inventory().set_available(shop.skus["E"], 4),
        ("batch_get_item", 2): lambda: shop.inventory().set_available(shop.skus["E"], 5),
    }
    assert shop.reserve(HookedClient(client, before=arrivals)) is Status.RESERVED
    shop.total = shop.pieces()
    shop.assert_reserved_once()


@pytest.mark.parametrize("transaction", [1, 2, 3])
def test_a_lost_answer_of_a_reservation_takes_stock_once(transaction: int) -> None:
    with moto_dynamodb(attempts=1) as client:
        shop = Shop(client)
        with pytest.raises(DependencyTimeout):
            shop.reserve(losing(client, transaction))
        shop.reserve()
        shop.assert_reserved_once()


@pytest.mark.parametrize("transaction", [1, 2, 3])
def test_a_lost_answer_of_a_release_gives_stock_back_once(transaction: int) -> None:
    with moto_dynamodb(attempts=1) as client:
        shop = Shop(client)
        shop.reserve()
        shop.cancel()
        with pytest.raises(DependencyTimeout):
            shop.release(losing(client, transaction))
        shop.release()
        shop.assert_nothing_held()
        assert shop.events_of(InventoryReleased) == [InventoryReleased(shop.wanted)]


@pytest.mark.parametrize("transaction", [1, 3])
def test_a_lost_answer_that_the_sdk_repeats_goes_unnoticed(transaction: int) -> None:
    """moto does not honour the request token, so this is the harder case: the repeat is refused, and recognised."""
    with moto_dynamodb() as client:
        shop = Shop(client)
        shop.reserve(losing(client, transaction))
        shop.assert_reserved_once()


def losing(client: Any, transaction: int) -> HookedClient:
    place = ("transact_write_items", transaction)
    return HookedClient(client, before={place: lambda: lose_answers(client, "TransactWriteItems", 1)})


def transactions(first: int, last: int, hook: Hook) -> dict[Place, Hook]:
    return {("transact_write_items", number): hook for number in range(first, last + 1)}


def test_conflicts_are_waited_out_with_growing_jitter(client: Any) -> None:
    shop, clock = Shop(client), FixedClock()
    hooked = HookedClient(client, before=transactions(2, 6, cancel("TransactionConflict")))
    assert shop.reserve(hooked, clock) is Status.RESERVED
    shop.assert_reserved_once()
    assert len(clock.slept) == 5
    assert all(0 <= slept <= 0.025 * 2**number for number, slept in enumerate(clock.slept))


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError"])
def test_lasting_conflicts_end_in_contention_and_the_workflow_goes_on_from_there(client: Any, code: str) -> None:
    shop, clock = Shop(client), FixedClock()
    with pytest.raises(Contention, match="order o-0"):
        shop.reserve(HookedClient(client, before=transactions(2, 99, cancel(code))), clock)
    assert len(clock.slept) == MAX_WAITS
    assert max(clock.slept) <= MAX_DELAY_S
    shop.reserve()
    shop.assert_reserved_once()


def test_a_transaction_that_dynamodb_calls_invalid_is_our_mistake(client: Any) -> None:
    with pytest.raises(Misconfigured, match="ValidationError"):
        Shop(client).reserve(HookedClient(client, before=transactions(1, 1, cancel("ValidationError"))))


def test_stocks_that_dynamodb_leaves_for_later_are_asked_for_again(client: Any) -> None:
    shop, clock = Shop(client, short="E"), FixedClock()
    with pytest.raises(InsufficientStock, match="E-0"):
        shop.reserve(Reluctant(client), clock)
    assert len(clock.slept) == len(WANTED) - 1


class Reluctant(HookedClient):
    """Answers BatchGetItem for one key at a time."""

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:
        [(table, request)] = RequestItems.items()
        first, rest = request["Keys"][:1], request["Keys"][1:]
        answer = self.client.batch_get_item(RequestItems={table: {**request, "Keys": first}})
        return {**answer, "UnprocessedKeys": {table: {**request, "Keys": rest}} if rest else {}}


def test_a_database_that_cannot_be_reached_is_unavailable() -> None:
    import boto3
    from botocore.config import Config

    nobody = boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )
    store = DynamoDbEventStore(nobody, "events")
    with pytest.raises(DependencyUnavailable):
        DynamoDbInventory(nobody, "inventory", store, FixedClock(), SequentialIds()).available("A")


Together = dict[str, Callable[[Shop, Any], object]]
ACTORS: Together = {
    "reserve": Shop.reserve,
    "reserve again": Shop.reserve,
    "undo": Shop.undo,
    "sell E": lambda shop, client: shop.inventory(client).set_available(shop.skus["E"], 2),
}


def finish(shop: Shop) -> None:
    """What the workflow and its retries do after the dust has settled."""
    order = shop.order()
    if not order.is_undone and order.progress is not Status.RESERVED:
        try:
            shop.reserve()
        except InsufficientStock:
            order = shop.order()
    if shop.order().is_undone and not shop.order().is_final:
        shop.release()
        shop.close()


@dear(4)
@given(
    names=st.sets(st.sampled_from(sorted(ACTORS)), min_size=2),
    choices=st.lists(st.integers(0, 3), min_size=10, max_size=60),
)
def test_calls_for_one_order_interleaved_in_any_way_agree_in_the_end(
    database: MakeDatabase, names: set[str], choices: list[int]
) -> None:
    with database() as client:
        shop = Shop(client)
        actors = [ACTORS[name] for name in sorted(names)]
        outcomes = interleave(client, [partial(actor, shop) for actor in actors], iter(choices))
        assert all(not isinstance(one, Exception) or isinstance(one, OrderbridgeError) for one in outcomes), outcomes
        finish(shop)
        if "sell E" in names:
            shop.total = shop.pieces()
        if shop.order().is_undone:
            shop.assert_nothing_held()
        else:
            shop.assert_reserved_once()
