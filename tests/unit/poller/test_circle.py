"""The whole circle on the legacy ERP: from a row to the answer in the same row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.acknowledgements.outbox import listener
from chalicelib.domain.errors import Reason
from chalicelib.domain.events import OrderConfirmed, OrderRejected
from poller.polling.seen_rows import RecentRows
from poller.source.file import load_source
from poller.write_back.outbox import Drained
from tests.support.poller.onboarding import Bench, bench

__all__ = ["bench"]


def test_orders_of_the_legacy_erp_are_answered_in_its_tables(bench: Bench) -> None:
    """Poll, workflow (here: by hand), stream, outbox, and the next poll writes back."""
    bench.work.generate(12)
    bench.sql("UPDATE AUFKOPF SET LOEKZ = 'X' WHERE AUFNR = '0000100012'")
    bench.services = replace(bench.services, answer=bench.answers)
    accepted = bench.poll().counts.accepted
    listen = listener(bench.outbox)
    numbers = {}
    for position, key in enumerate(sorted(bench.events.order_ids())):
        order = bench.stores.repository.load(key)
        no = OrderRejected((Reason("unknown_sku", "line 1: no such thing"),))
        order = bench.stores.repository.append(order, no if position == 0 else OrderConfirmed(f"C-{position}"))
        numbers[order.content.external_id] = "A" if position == 0 else "B"
        for recorded in bench.events.load(key):
            listen(recorded, order)
    bench.command("dry-run", "legacy-erp")
    assert bench.erp.statuses().get("B") is None, "a dry run tells the ERP nothing"
    bench.poll()
    told = dict(bench.sql("SELECT AUFNR, OBSTATUS FROM AUFKOPF WHERE OBSTATUS <> ' '"))
    assert told == numbers
    assert len(told) == accepted
    assert bench.sql("SELECT OBGRUND FROM AUFKOPF WHERE OBSTATUS = 'A'") == [("line 1: no such thing",)]
    assert bench.sql("SELECT count(*) FROM AUFKOPF WHERE OBSTATUS = 'B' AND OBID LIKE 'o-%'") == [(accepted - 1,)]
    assert bench.outbox.pending("legacy-erp", 10) == ()
    # Being answered is no change of the order: the rows are read again in the overlap and nothing happens.
    bench.services.memory["legacy-erp"].recent = RecentRows()
    counts = bench.poll().counts
    assert (counts.accepted, counts.changed, counts.replayed) == (0, 0, accepted)


def test_two_pollers_do_not_answer_at_once_and_an_erp_that_is_away_is_answered_later(bench: Bench) -> None:
    bench.work.generate(3)
    bench.poll()
    loaded, listen = load_source(bench.file), listener(bench.outbox)
    for key in bench.events.order_ids():
        listen(bench.events.load(key)[0], bench.stores.repository.load(key))
    waiting = len(bench.outbox.pending("legacy-erp", 10))
    watermarks = bench.services.watermarks
    other = watermarks.acquire("legacy-erp/answers", "another", bench.clock.now(), timedelta(minutes=1))
    assert other is not None
    assert bench.answers(loaded, lambda: 60_000) is None
    watermarks.release(other)
    elsewhere = bench.erp.path.rename(bench.erp.path.with_suffix(".away"))
    assert bench.answers(loaded, lambda: 60_000) is None
    assert bench.answers(loaded, lambda: 4_000) is None, "too little time is left"
    elsewhere.rename(bench.erp.path)
    assert len(bench.outbox.pending("legacy-erp", 10)) == waiting
    assert bench.answers(loaded, lambda: 60_000) == Drained(told=waiting)
