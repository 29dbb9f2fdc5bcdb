"""Outcomes that never came into the outbox, or were lost from it, are told all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.adapters.memory import MemoryProjection
from chalicelib.domain.events import OrderConfirmed, OrderFailed
from chalicelib.ports import OrderRow
from poller.write_back.reconcile import INTERVAL, LOOKS_BACK, ON_ITS_WAY, ReconcileOutbox
from tests.support.poller.answered_erp import Erp, erp

__all__ = ["erp"]


class Bench:
    """The ERP, whose rows of the read model are up to date; `lose` forgets what the stream has brought."""

    def __init__(self, erp: Erp) -> None:
        self.erp, self.projection = erp, MemoryProjection()
        services = erp.services
        self.reconcile = ReconcileOutbox(self.projection, services.repository, services.outbox, services.clock)

    def lose(self) -> None:
        for entry in self.erp.waiting:
            self.erp.services.outbox.done(entry)

    def run(self, after: timedelta = ON_ITS_WAY + timedelta(seconds=1)) -> int:
        events = self.erp.services.repository
        for order_id in events.events.order_ids():
            self.projection.put(OrderRow.of(events.load(order_id)))
        self.erp.services.clock.advance(after.total_seconds())
        return self.reconcile(self.erp.source, lambda: True)


@pytest.fixture
def bench(erp: Erp) -> Bench:
    return Bench(erp)


def test_what_was_lost_is_told_once(bench: Bench) -> None:
    order_id = bench.erp.order("SO-1", OrderConfirmed("C-1"))
    bench.erp.order("SO-2", OrderFailed("s", "e", "m", "f"))
    bench.lose()
    assert bench.run() == 2
    bench.erp.drain()
    assert (bench.erp.status("SO-1")[0], bench.erp.status("SO-2")[0]) == ("C", "F")
    assert bench.erp.acknowledged(order_id) == ["confirmed"]
    assert bench.run(INTERVAL) == 0, "nothing is owed any more"


def test_a_young_outcome_is_left_to_the_stream(bench: Bench) -> None:
    bench.erp.order("SO-1", OrderConfirmed("C-1"))
    assert bench.run(ON_ITS_WAY - timedelta(seconds=1)) == 0


def test_it_looks_once_an_hour_and_a_week_back(bench: Bench) -> None:
    bench.erp.order("SO-1", OrderConfirmed("C-1"))
    bench.lose()
    assert bench.run() == 1
    bench.lose()
    assert bench.run(timedelta(minutes=50)) == 0
    assert bench.run(timedelta(minutes=10)) == 1
    bench.lose()
    assert bench.run(LOOKS_BACK) == 0


def test_what_the_erp_refuses_what_it_does_not_want_and_what_was_pushed_is_left_alone(bench: Bench) -> None:
    erp = bench.erp
    erp.order("SO-1", OrderConfirmed("C-1"))
    erp.order("SO-2", OrderFailed("s", "e", "m", "f"))
    erp.order("SO-3", OrderConfirmed("C-3"), channel="rest")
    [refused] = [entry for entry in erp.waiting if entry.kind == "confirmed"]
    erp.services.outbox.park(refused, "it does not fit")
    bench.lose()
    quiet = erp.source.write_back.model_copy(update={"failed": ()})
    erp.source = erp.source.model_copy(update={"write_back": quiet})
    assert bench.run() == 0
    assert erp.waiting == ()


def test_it_ends_when_there_is_no_time(bench: Bench) -> None:
    bench.erp.order("SO-1", OrderConfirmed("C-1"))
    bench.lose()
    bench.run(timedelta())
    bench.erp.services.clock.advance(INTERVAL.total_seconds())
    assert bench.reconcile(bench.erp.source, lambda: False) == 0
    assert bench.erp.waiting == ()
