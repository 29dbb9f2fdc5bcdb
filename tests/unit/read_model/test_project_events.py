"""The consumer of the event stream: repeats, gaps and poison change nothing about the other orders."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory import MemoryProjection
from chalicelib.adapters.memory.recovery import MemoryBus
from chalicelib.domain.errors import CorruptHistory, DependencyUnavailable
from chalicelib.domain.events import ErpAcknowledged, OrderConfirmed, OrderFailed, OrderRejected, RecordedEvent
from chalicelib.domain.state import Order, Status, fold
from chalicelib.ports import OrderRow
from chalicelib.read_model.fold_cache import RecentOrders
from chalicelib.read_model.metrics import STUCK, count
from chalicelib.read_model.project_events import ProjectEvents
from tests.support.builders import content
from tests.support.domain.histories import REJECTION, revised
from tests.support.operations import FakeApplication


@dataclass
class Consumer:
    """The consumer on fakes; `told` holds what listeners heard, `aside` what was set aside."""

    app: FakeApplication = field(default_factory=FakeApplication)
    bus: MemoryBus = field(default_factory=MemoryBus)
    told: list[tuple[str, int]] = field(default_factory=list)
    aside: list[tuple[str, str]] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    down: bool = False
    recent: RecentOrders = field(default_factory=RecentOrders)

    def listen(self, recorded: RecordedEvent, order: Order) -> None:
        if self.down:
            raise DependencyUnavailable("dynamodb", "throttled")
        if recorded.order_id in self.poison:
            raise CorruptHistory("cannot be read")
        self.told.append((recorded.order_id, recorded.sequence))

    def __call__(self, *batch: RecordedEvent) -> RecordedEvent | None:
        def send_to_stream_failures(order_id: str, reason: str) -> None:
            self.aside.append((order_id, reason))

        with ThreadPoolExecutor(4) as threads:
            consumer = ProjectEvents(
                self.app.events,
                self.app.projection,
                self.bus,
                send_to_stream_failures,
                self.recent,
                threads,
                (self.listen,),
            )
            return consumer(batch)

    def other_process(self) -> None:
        """What follows is handled by a process that has seen nothing yet."""
        self.recent = RecentOrders()

    def order(self, number: int = 1) -> str:
        """A received and confirmed order."""
        order_id = self.app.accept(content(f"SO-{number}"))
        repository = self.app.repository()
        repository.append(repository.load(order_id), OrderConfirmed("OB-1"))
        return order_id

    def row(self, order_id: str) -> OrderRow:
        row = self.app.projection.get(order_id)
        assert row is not None
        return row


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def test_the_row_is_the_fold_of_all_events(consumer: Consumer) -> None:
    order_id = consumer.order()
    first, second = consumer.app.events.load(order_id)
    assert consumer(first) is None
    assert consumer.row(order_id) == OrderRow.of(fold([first]))
    assert consumer(second) is None
    assert consumer.row(order_id) == OrderRow.of(consumer.app.order(order_id))


def test_a_process_that_begins_in_the_middle_of_an_order_reads_what_it_missed(consumer: Consumer) -> None:
    order_id = consumer.order()
    first, second = consumer.app.events.load(order_id)
    consumer(first)
    consumer.other_process()
    assert consumer(second) is None
    assert consumer.row(order_id) == OrderRow.of(consumer.app.order(order_id))


def test_a_gap_in_what_a_process_has_seen_is_read_from_the_store(consumer: Consumer) -> None:
    """Another process had the events between, as after a redelivery."""
    order_id = consumer.order()
    repository = consumer.app.repository()
    repository.append(repository.load(order_id), ErpAcknowledged("http", Status.CONFIRMED))
    first, _, third = consumer.app.events.load(order_id)
    consumer(first)
    assert consumer(third) is None
    assert consumer.row(order_id) == OrderRow.of(consumer.app.order(order_id))


def test_a_row_that_could_not_be_written_is_written_by_the_redelivery(consumer: Consumer) -> None:
    class Throttled(MemoryProjection):
        """As table `orders` with too much to do: the first write is refused."""

        refused = 0

        def put(self, row: OrderRow) -> bool:
            if not self.refused:
                self.refused += 1
                raise DependencyUnavailable("dynamodb", "throttled")
            return super().put(row)

    batch = consumer.app.events.load(consumer.order())
    consumer.app.projection = Throttled()
    assert consumer(*batch) == batch[0]
    assert consumer(*batch) is None
    assert consumer.row(batch[0].order_id).version == 2


def test_a_row_that_could_not_be_written_keeps_no_other_order_back(consumer: Consumer) -> None:
    first, second, third = (consumer.order(number) for number in (1, 2, 3))

    class OneThrottled(MemoryProjection):
        def put(self, row: OrderRow) -> bool:
            if row.order_id == second:
                raise DependencyUnavailable("dynamodb", "throttled")
            return super().put(row)

    batch = [event for order_id in (first, second, third) for event in consumer.app.events.load(order_id)]
    consumer.app.projection = OneThrottled()
    assert consumer(*batch) == batch[2], "the second order's first event"
    assert {recorded.order_id for recorded in consumer.bus.published} == {first}
    assert [consumer.row(order_id).status for order_id in (first, third)] == [Status.CONFIRMED] * 2


@given(st.data())
def test_however_the_stream_is_cut_and_repeated_the_row_is_the_order(data: st.DataObject) -> None:
    """Batches of any size, each delivered once or twice, by one process or by a new one."""
    consumer = Consumer()
    streams = [list(consumer.app.events.load(consumer.order(number))) for number in (1, 2, 3)]
    stream: list[RecordedEvent] = []
    while any(streams):
        stream.append(data.draw(st.sampled_from([one for one in streams if one])).pop(0))
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        for _ in range(data.draw(st.integers(1, 2))):
            if data.draw(st.booleans()):
                consumer.other_process()
            assert consumer(*stream[:size]) is None
        del stream[:size]
    for number in (1, 2, 3):
        order_id = content(f"SO-{number}").order_id
        assert consumer.row(order_id) == OrderRow.of(consumer.app.order(order_id))


def test_repeats_and_old_records_change_nothing(consumer: Consumer) -> None:
    order_id = consumer.order()
    batch = consumer.app.events.load(order_id)
    consumer(*batch)
    consumer(*batch, *batch[:1])
    assert consumer.row(order_id).version == 2


def test_what_fails_is_delivered_again_with_all_after_it(consumer: Consumer) -> None:
    batch = consumer.app.events.load(consumer.order())
    consumer.down = True
    assert consumer(*batch) == batch[0]
    consumer.down = False
    assert consumer(*batch) is None
    assert [recorded.sequence for recorded in consumer.bus.published] == [1, 2]


def test_what_the_bus_refuses_is_published_again(consumer: Consumer) -> None:
    first, second = consumer.app.events.load(consumer.order(1)), consumer.app.events.load(consumer.order(2))
    consumer.bus.refuse.add(second[0].order_id)
    assert consumer(*first, *second) == second[0]
    assert consumer(*second) is None
    published = [(recorded.order_id, recorded.sequence) for recorded in consumer.bus.published]
    assert sorted(published) == sorted((r.order_id, r.sequence) for r in (*first, *second))


def test_an_order_that_cannot_be_read_holds_up_no_other(consumer: Consumer) -> None:
    bad, good = consumer.order(1), consumer.order(2)
    consumer.poison.add(bad)
    batch = [*consumer.app.events.load(bad), *consumer.app.events.load(good)]
    assert consumer(*batch) is None
    assert {order_id for order_id, _ in consumer.aside} == {bad}
    assert consumer.row(good).status is Status.CONFIRMED


def test_metrics_count_outcomes_and_stuck_compensations_by_stage_and_source(consumer: Consumer) -> None:
    order_id = consumer.order()
    confirmed = consumer.app.events.load(order_id)[-1]
    line = count("Orderbridge/prod", confirmed, consumer.app.order(order_id))
    assert line["OrderConfirmed"] == 1
    assert line["TimeToOutcome"] == 0
    assert line["source"] == "sap-emea"

    repository = consumer.app.repository()
    repository.append(repository.load(order_id), ErpAcknowledged("http", Status.CONFIRMED))
    told = consumer.app.events.load(order_id)[-1]
    assert "TimeToOutcome" not in count("Orderbridge/prod", told, consumer.app.order(order_id)), "counted once"

    stuck = consumer.app.accept(content("SO-9"))
    repository = consumer.app.repository()
    repository.append(repository.load(stuck), OrderFailed("RefundPayment", "DependencyTimeout", "no answer", "abc"))
    line = count("Orderbridge/prod", consumer.app.events.load(stuck)[-1], consumer.app.order(stuck))
    assert line[STUCK] == 1
    assert "TimeToOutcome" not in line


def revised_after_a_minute(consumer: Consumer) -> str:
    """Rejected after a second, sent again a minute later, confirmed two seconds after that."""
    app = consumer.app
    order_id, repository = app.accept(content("SO-9")), app.repository()
    for wait, event in (
        (1, REJECTION),
        (0, OrderRejected(REJECTION.reasons)),
        (60, revised(2)),
        (2, OrderConfirmed("C")),
    ):
        app.clock.advance(wait)
        repository.append(repository.load(order_id), event)
    return order_id


def test_the_time_to_an_outcome_is_that_of_the_revision(consumer: Consumer) -> None:
    """Also if the stream delivers the outcome before it again."""
    order_id = revised_after_a_minute(consumer)
    order, events = consumer.app.order(order_id), consumer.app.events.load(order_id)
    times = [count("Orderbridge/prod", event, order).get("TimeToOutcome") for event in events]
    assert times == [None, None, 1000, None, 2000]


def test_the_row_of_an_order_that_came_again_is_that_of_its_latest_revision(consumer: Consumer) -> None:
    order_id = revised_after_a_minute(consumer)
    first = consumer.app.events.load(order_id)[0].recorded_at
    for event in consumer.app.events.load(order_id):
        assert consumer(event) is None
    row = consumer.row(order_id)
    assert (row.status, row.revision, row.attempt, row.reasons) == (Status.CONFIRMED, 2, 2, ())
    assert row.received_at == first, "its place in lists stays, so that a cursor neither repeats nor skips it"
