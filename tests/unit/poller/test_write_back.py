"""Write-back: the ERP hears every outcome, in order, and the history says so once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.events import (
    OrderConfirmed,
    OrderFailed,
    OrderRedriven,
)
from poller.write_back.outbox import Drained
from tests.support.domain.histories import REJECTION, revised
from tests.support.poller.answered_erp import REJECTED, Erp, erp

__all__ = ["erp"]


def test_every_outcome_reaches_its_row_in_order_and_is_acknowledged(erp: Erp) -> None:
    confirmed = erp.order("SO-1", OrderConfirmed("C-17"))
    rejected = erp.order("SO-2", REJECTED)
    failed = erp.order("SO-3", OrderFailed("CapturePayment", "DependencyTimeout", "m", "f"))
    assert erp.drain() == Drained(told=6)
    assert erp.status("SO-1") == ("C", "C-17")
    assert erp.status("SO-2") == ("X", "unknown_sku: line 1: X is not in the catalogue")
    assert erp.status("SO-3") == ("F", None)
    assert erp.run("SELECT bridge_id FROM orders WHERE no = 'SO-1'") == [(confirmed,)]
    assert erp.run("SELECT status FROM changes WHERE no = 'SO-1'") == [("R",), ("C",)]
    assert erp.acknowledged(confirmed) == ["received", "confirmed"]
    assert erp.acknowledged(rejected) == ["received", "rejected"]
    assert erp.acknowledged(failed) == ["received", "failed"]
    assert erp.waiting == ()


def test_times_are_told_in_the_erps_own_zone(erp: Erp) -> None:
    erp.order("SO-1", OrderConfirmed("C-17"))
    erp.drain()
    assert erp.run("SELECT * FROM log") == [("SO-1", "CONFIRMED", "2026-11-23 11:15:01")]


def test_a_failed_order_that_is_redriven_is_told_twice(erp: Erp) -> None:
    order_id = erp.order("SO-1", OrderFailed("s", "e", "m", "f"))
    erp.drain()
    erp.append(order_id, OrderRedriven(2, "ops", "again"), OrderConfirmed("C-1"))
    erp.drain()
    assert erp.status("SO-1") == ("C", "C-1")
    assert erp.acknowledged(order_id) == ["received", "failed", "confirmed"]


def test_draining_again_and_old_stream_records_change_nothing(erp: Erp) -> None:
    order_id = erp.order("SO-1", OrderConfirmed("C-17"))
    erp.drain()
    changes = erp.run("SELECT * FROM changes")
    erp.stream(order_id)  # the stream delivers everything once more, after it was done
    assert erp.drain() == Drained(told=1, unmatched=1, skipped=1)
    assert erp.run("SELECT * FROM changes") == changes
    assert erp.run("SELECT count(*) FROM log") == [(1,)]
    assert erp.acknowledged(order_id) == ["received", "confirmed"]
    assert erp.waiting == ()


def test_an_old_outcome_never_overwrites_a_later_one(erp: Erp) -> None:
    """Two recorders with different clocks: the confirmation seems to have occurred before the acceptance."""
    order_id = erp.order("SO-1", OrderConfirmed("C-17"))
    first, second = erp.waiting
    erp.services.outbox.done(second)
    erp.services.outbox.put(replace(second, occurred_at=first.occurred_at - timedelta(hours=1)))
    assert erp.drain() == Drained(told=1, skipped=1)
    assert erp.status("SO-1")[0] == "C"
    assert erp.acknowledged(order_id) == ["confirmed"]


def test_outcomes_without_a_statement_and_pushed_orders_leave_nothing_behind(erp: Erp) -> None:
    pushed = erp.order("SO-1", OrderConfirmed("C-1"), channel="rest")
    polled = erp.order("SO-2", OrderConfirmed("C-2"))
    quiet = erp.source.model_copy(update={"write_back": erp.source.write_back.model_copy(update={"received": ()})})
    erp.source = quiet
    assert erp.drain() == Drained(told=1, skipped=1)
    assert erp.acknowledged(pushed) == []
    assert erp.acknowledged(polled) == ["confirmed"]
    assert erp.waiting == ()


def test_a_row_that_the_erp_deleted_meanwhile_is_no_error(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTED)
    erp.run("DELETE FROM orders")
    assert erp.drain() == Drained(told=2, unmatched=2)
    assert erp.acknowledged(order_id) == ["received", "rejected"]


def test_a_long_backlog_takes_several_pages(erp: Erp) -> None:
    for number in range(130):
        erp.order(f"SO-{number}", OrderConfirmed(f"C-{number}"))
    assert erp.drain() == Drained(told=260)
    assert erp.run("SELECT status, count(*) FROM orders GROUP BY status") == [("C", 130)]


def test_the_outcome_of_a_revision_is_written_over_the_one_before(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTION, REJECTED)
    erp.drain()
    assert erp.status("SO-1")[0] == "X"
    erp.append(order_id, revised(2), OrderConfirmed("C-17"))
    assert erp.drain() == Drained(told=2, unmatched=1, skipped=2), "the row is no new one, so `received` finds none"
    assert erp.status("SO-1") == ("C", "C-17")
    assert erp.acknowledged(order_id) == ["received", "rejected", "received", "confirmed"]
    assert erp.waiting == ()


def test_the_same_outcome_twice_is_told_twice(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTION, REJECTED)
    erp.drain()
    erp.append(order_id, revised(2), REJECTION, REJECTED)
    erp.drain()
    assert erp.acknowledged(order_id) == ["received", "rejected"] * 2


def test_an_outcome_that_a_revision_has_overtaken_is_not_told_any_more(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTION, REJECTED, revised(2))
    assert erp.drain() == Drained(told=1, skipped=2)
    assert erp.status("SO-1")[0] == "R"
    erp.append(order_id, OrderConfirmed("C-17"))  # the stream delivers all of them again
    erp.drain()
    assert erp.status("SO-1") == ("C", "C-17")
    assert erp.acknowledged(order_id) == ["received", "confirmed"]


def test_an_order_that_comes_again_while_its_outcome_is_written_owes_the_next_one(erp: Erp) -> None:
    order_id = erp.order("SO-1", REJECTION, REJECTED)

    class Meanwhile:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def execute(self, sql: str, parameters: Any = ()) -> int:
            return int(self.inner.execute(sql, parameters))

        def commit(self) -> None:
            self.inner.commit()
            if erp.services.repository.load(order_id).status == "REJECTED":
                erp.append(order_id, revised(2))

        def end(self) -> None:
            self.inner.end()

    erp.drain(wrap=Meanwhile)
    order = erp.services.repository.load(order_id)
    assert (order.revision, order.acknowledged) == (2, ()), "what was told was about the revision before"
    erp.drain()
    assert erp.acknowledged(order_id) == ["received"]
