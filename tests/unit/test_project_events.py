"""The consumer of the event stream: repeats, gaps and poison change nothing about the other orders."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from chalicelib.adapters.memory_operations import MemoryBus
from chalicelib.domain.errors import CorruptHistory, DependencyUnavailable
from chalicelib.domain.events import OrderConfirmed, OrderFailed, RecordedEvent
from chalicelib.domain.state import Order, Status
from chalicelib.operations.metrics import STUCK, count
from chalicelib.operations.project_events import ProjectEvents
from chalicelib.ports import OrderRow
from tests.support.builders import content
from tests.support.operations import Desk


@dataclass
class Consumer:
    """The consumer on twins; `told` holds what listeners heard, `aside` what was set aside."""

    desk: Desk = field(default_factory=Desk)
    bus: MemoryBus = field(default_factory=MemoryBus)
    told: list[tuple[str, int]] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    down: bool = False

    def listen(self, recorded: RecordedEvent, order: Order) -> None:
        if self.down:
            raise DependencyUnavailable("dynamodb", "throttled")
        if recorded.order_id in self.poison:
            raise CorruptHistory("cannot be read")
        self.told.append((recorded.order_id, recorded.sequence))

    def __call__(self, *batch: RecordedEvent) -> RecordedEvent | None:
        def set_aside(order_id: str, reason: str) -> None:
            self.aside.append((order_id, reason))

        consumer = ProjectEvents(self.desk.events, self.desk.projection, self.bus, set_aside, (self.listen,))
        return consumer(batch)

    def order(self, number: int = 1) -> str:
        """A received and confirmed order."""
        order_id = self.desk.accept(content(f"SO-{number}"))
        journal = self.desk.journal()
        journal.append(journal.load(order_id), OrderConfirmed("OB-1"))
        return order_id

    def row(self, order_id: str) -> OrderRow:
        row = self.desk.projection.get(order_id)
        assert row is not None
        return row


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def test_the_row_is_the_fold_of_all_events(consumer: Consumer) -> None:
    order_id = consumer.order()
    first, second = consumer.desk.events.load(order_id)
    assert consumer(first) is None
    assert consumer.row(order_id).status is Status.CONFIRMED
    assert consumer(second) is None
    assert consumer.row(order_id).version == 2


def test_repeats_and_old_records_change_nothing(consumer: Consumer) -> None:
    order_id = consumer.order()
    batch = consumer.desk.events.load(order_id)
    consumer(*batch)
    consumer(*batch, *batch[:1])
    assert consumer.row(order_id).version == 2


def test_what_fails_is_delivered_again_with_all_after_it(consumer: Consumer) -> None:
    batch = consumer.desk.events.load(consumer.order())
    consumer.down = True
    assert consumer(*batch) == batch[0]
    consumer.down = False
    assert consumer(*batch) is None
    assert [recorded.sequence for recorded in consumer.bus.published] == [1, 2]


def test_what_the_bus_refuses_is_published_again(consumer: Consumer) -> None:
    first, second = consumer.desk.events.load(consumer.order(1)), consumer.desk.events.load(consumer.order(2))
    consumer.bus.refuse.add(second[0].order_id)
    assert consumer(*first, *second) == second[0]
    assert consumer(*second) is None
    published = [(recorded.order_id, recorded.sequence) for recorded in consumer.bus.published]
    assert sorted(published) == sorted((r.order_id, r.sequence) for r in (*first, *second))


def test_an_order_that_cannot_be_read_holds_up_no_other(consumer: Consumer) -> None:
    bad, good = consumer.order(1), consumer.order(2)
    consumer.poison.add(bad)
    batch = [*consumer.desk.events.load(bad), *consumer.desk.events.load(good)]
    assert consumer(*batch) is None
    assert {order_id for order_id, _ in consumer.aside} == {bad}
    assert consumer.row(good).status is Status.CONFIRMED


def test_metrics_count_outcomes_and_stuck_compensations_by_stage_and_source(consumer: Consumer) -> None:
    order_id = consumer.order()
    confirmed = consumer.desk.events.load(order_id)[-1]
    line = count("Orderbridge/prod", confirmed, consumer.desk.order(order_id))
    assert line["OrderConfirmed"] == 1
    assert line["TimeToOutcome"] == 0
    assert line["source"] == "sap-emea"

    stuck = consumer.desk.accept(content("SO-9"))
    journal = consumer.desk.journal()
    journal.append(journal.load(stuck), OrderFailed("RefundPayment", "DependencyTimeout", "no answer", "abc"))
    line = count("Orderbridge/prod", consumer.desk.events.load(stuck)[-1], consumer.desk.order(stuck))
    assert line[STUCK] == 1
    assert "TimeToOutcome" not in line
