"""Replay finds every difference between events and read model, repairs it, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.events.event_store import DynamoDbEventStore
from chalicelib.adapters.dynamodb.orders.projection import DynamoDbProjection
from chalicelib.adapters.memory import FixedClock, MemoryEventStore, MemoryProjection, SequentialIds
from chalicelib.cli.context import operator_settings
from chalicelib.cli.operators.replay import SETTLING_S, Replay
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.events import OrderConfirmed, OrderRejected, OrderValidated
from chalicelib.domain.state import Status, fold
from chalicelib.ports import EventStore, OrderQuery, OrderRow, Projection
from chalicelib.read_model.comparison import Comparison, RowDifference, compare
from tests.support.aws import SETTINGS, moto_client, moto_dynamodb
from tests.support.builders import append, content, received
from tests.support.cli import Ended, typed
from tests.support.faults.faults import Tripwire

ORDERS = ("o-1", "o-2", "o-3")


@pytest.fixture(params=["memory", "dynamodb"])
def models(request: pytest.FixtureRequest) -> Iterator[tuple[EventStore, Projection]]:
    """Three orders, VALIDATED, with their rows."""
    with ExitStack() as stack:
        events: EventStore = MemoryEventStore()
        projection: Projection = MemoryProjection()
        if request.param == "dynamodb":
            client = stack.enter_context(moto_dynamodb())
            events = DynamoDbEventStore(client, SETTINGS.name("events"))
            projection = DynamoDbProjection(client, SETTINGS.name("orders"), FixedClock(), SequentialIds())
        for order_id in ORDERS:
            events.append(append(received(content(f"SO-{order_id}")), order_id))
            events.append(append(OrderValidated({}), order_id, 1, "t-2"))
            projection.put(row_of(events, order_id))
        yield events, projection


def row_of(events: EventStore, order_id: str) -> OrderRow:
    return OrderRow.of(fold(events.load(order_id)))


def replay(models: tuple[EventStore, Projection], clock: FixedClock | None = None) -> Replay:
    return Replay(Comparison(*models, parallel=1), clock or FixedClock())


def test_nothing_is_reported_when_the_models_agree(models: tuple[EventStore, Projection]) -> None:
    clock = FixedClock()
    assert replay(models, clock).compare() == (3, [])
    assert clock.slept == []


def test_every_differing_field_is_reported(models: tuple[EventStore, Projection]) -> None:
    events, projection = models
    right = row_of(events, "o-2")
    projection.put(replace(right, status=Status.CONFIRMED, attempt=4, reasons=("no_price",)))
    assert replay(models).compare() == (
        3,
        [
            RowDifference("o-2", "status", "VALIDATED", "CONFIRMED"),
            RowDifference("o-2", "attempt", "1", "4"),
            RowDifference("o-2", "reasons", "()", "('no_price',)"),
        ],
    )


def test_a_row_that_is_behind_is_reported(models: tuple[EventStore, Projection]) -> None:
    models[0].append(append(OrderConfirmed("OB-1"), "o-1", 2, "t-3"))
    _, differences = replay(models).compare()
    assert [difference.field for difference in differences] == ["version", "status", "untold"]


def test_a_missing_row_and_a_row_without_events_are_reported(models: tuple[EventStore, Projection]) -> None:
    events, projection = models
    projection.remove("o-1")
    projection.put(replace(row_of(events, "o-2"), order_id="o-ghost"))
    orders, differences = replay(models).compare()
    assert orders == 4
    assert differences == [
        RowDifference("o-1", "row", "VALIDATED of version 2", "no row"),
        RowDifference("o-ghost", "row", "no row", "VALIDATED of version 2"),
    ]


def test_events_that_do_not_fold_are_reported_and_left_alone(models: tuple[EventStore, Projection]) -> None:
    events, projection = models
    events.append(append(OrderConfirmed("OB-1"), "o-3", 2, "t-3"))
    events.append(append(OrderRejected(()), "o-3", 3, "t-4"))
    _, [difference] = replay(models).compare()
    assert (difference.order_id, difference.field) == ("o-3", "events")
    assert "OrderRejected after CONFIRMED" in difference.found
    before = projection.get("o-3")
    replay(models).models.repair(["o-3"])
    assert projection.get("o-3") == before


def test_a_read_model_that_only_lags_is_not_reported(models: tuple[EventStore, Projection]) -> None:
    """The stream catches up while replay waits for a second look."""
    events, projection = models

    class Stream(FixedClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            projection.put(row_of(events, "o-1"))

    events.append(append(OrderConfirmed("OB-1"), "o-1", 2, "t-3"))
    stream = Stream()
    assert replay(models, stream).compare() == (3, [])
    assert stream.slept == [SETTLING_S]


def damage(events: EventStore, projection: Projection) -> None:
    projection.remove("o-1")
    projection.put(replace(row_of(events, "o-2"), version=99, status=Status.FAILED))
    projection.put(replace(row_of(events, "o-3"), order_id="o-ghost"))


def test_repair_makes_the_read_model_agree(models: tuple[EventStore, Projection]) -> None:
    events, projection = models
    damage(events, projection)
    replay(models).models.repair(["o-1", "o-2", "o-ghost"])
    assert replay(models).compare() == (3, [])
    listed = projection.query(OrderQuery(status=Status.VALIDATED)).rows
    assert sorted(listed, key=lambda row: row.order_id) == [row_of(events, order_id) for order_id in ORDERS]
    assert projection.query(OrderQuery(status=Status.FAILED)).rows == ()


@pytest.mark.parametrize("broken", [{}, {"version": {"N": "1"}}, {"version": {"N": "99"}, "data": {"S": "{}"}}])
def test_a_row_that_cannot_be_read_is_reported_and_replaced(broken: dict[str, Any]) -> None:
    with moto_dynamodb() as client:
        events = DynamoDbEventStore(client, SETTINGS.name("events"))
        projection = DynamoDbProjection(client, SETTINGS.name("orders"), FixedClock(), SequentialIds())
        events.append(append(received(), "o-1"))
        client.put_item(TableName=SETTINGS.name("orders"), Item={"pk": {"S": "o-1"}, **broken})
        code, out, _ = run((events, projection), "--repair")
        assert "o-1  row: expected RECEIVED of version 1, found a row that cannot be read" in out
        assert code == 0
        assert projection.get("o-1") == row_of(events, "o-1")


def test_the_read_model_is_rebuilt_from_nothing(models: tuple[EventStore, Projection]) -> None:
    events, projection = models
    for order_id in ORDERS:
        projection.remove(order_id)
    code, out, _ = run(models, "--repair")
    assert code == 0
    assert "repaired 3 orders" in out
    assert [projection.get(order_id) for order_id in ORDERS] == [row_of(events, order_id) for order_id in ORDERS]


def test_a_row_that_overtakes_the_repair_is_kept(models: tuple[EventStore, Projection]) -> None:
    """An event arrives, and the stream puts its row, between the repair's look at the events and its write."""
    events, projection = models

    class Overtaken(Tripwire):
        def __init__(self) -> None:
            super().__init__(place=1, after=True, hook=self._overtake)

        def _overtake(self) -> None:
            events.append(append(OrderConfirmed("OB-1"), "o-1", 2, "t-3"))
            projection.put(row_of(events, "o-1"))

    Comparison(Overtaken().around(events), projection, parallel=1).repair(["o-1"])
    assert projection.get("o-1") == row_of(events, "o-1")
    assert compare(events, projection) == []


def run(models: tuple[EventStore, Projection], *arguments: str) -> Ended:
    return typed("replay", *arguments, events=models[0], projection=models[1], clock=FixedClock())


def test_the_command_prints_every_difference_and_fails(models: tuple[EventStore, Projection]) -> None:
    damage(*models)
    code, out, _ = run(models, "--check")
    assert code == 1
    assert "o-1  row: expected VALIDATED of version 2, found no row" in out
    assert "o-2  status: expected VALIDATED, found FAILED" in out
    assert "o-ghost  row: expected no row, found VALIDATED of version 2" in out
    assert out.endswith("4 orders compared: 4 differences in 3 orders\n")
    assert run(models)[0] == 1, "comparing changes nothing"


def test_the_command_succeeds_when_all_is_well_or_repaired(models: tuple[EventStore, Projection]) -> None:
    assert run(models) == (0, "3 orders compared: 0 differences in 0 orders\n", "")
    damage(*models)
    code, out, _ = run(models, "--repair")
    assert code == 0
    assert out.endswith("repaired 3 orders\n3 orders compared: 0 differences in 0 orders\n")
    assert run(models)[0] == 0


def test_the_command_still_fails_when_something_cannot_be_repaired(models: tuple[EventStore, Projection]) -> None:
    models[0].append(append(OrderConfirmed("OB-1"), "o-3", 2, "t-3"))
    models[0].append(append(OrderRejected(()), "o-3", 3, "t-4"))
    assert run(models, "--repair")[0] == 1


def test_the_command_says_when_it_could_not_look() -> None:
    class Gone(MemoryEventStore):
        def order_ids(self) -> Iterator[str]:
            raise DependencyUnavailable("DynamoDB", "ThrottlingException")

    code, out, err = run((Gone(), MemoryProjection()))
    assert (code, out) == (1, "")
    assert err.startswith("DependencyUnavailable: DynamoDB is unavailable: ThrottlingException; repeat it")


def test_many_orders_are_compared_in_parallel_and_progress_is_told() -> None:
    events, projection = MemoryEventStore(), MemoryProjection()
    for number in range(1200):
        events.append(append(received(), f"o-{number}"))
        projection.put(row_of(events, f"o-{number}"))
    projection.remove("o-77")
    told: list[int] = []
    orders, differences = Replay(Comparison(events, projection, parallel=4), FixedClock(), told.append).compare()
    assert (orders, told, len(differences)) == (1200, [500, 1000], 1)


def test_operators_need_not_know_the_account() -> None:
    with moto_dynamodb():
        environ: dict[str, Any] = {"AWS_REGION": "eu-central-1", "ORDERBRIDGE_STAGE": "dev"}
        assert operator_settings("", environ).account_id == moto_client("sts").get_caller_identity()["Account"]
        assert operator_settings("prod", environ).stage == "prod"
        assert operator_settings("", {**environ, "ORDERBRIDGE_ACCOUNT_ID": "0" * 12}).account_id == "0" * 12
