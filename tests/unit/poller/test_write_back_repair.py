"""A poller that stands still right before its statement: the last outcome is the last in the ERP's table, too.

The statements are as the documentation asks for them: they may be repeated, and nothing else protects the row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.events import ErpAcknowledged, OrderConfirmed, OrderFailed, OrderRedriven
from tests.support.domain.histories import REJECTION, revised
from tests.support.poller.answered_erp import REJECTED, Erp, erp

__all__ = ["erp"]

FAILED = OrderFailed("CapturePayment", "DependencyTimeout", "m", "f")


@pytest.fixture
def plain(erp: Erp) -> Erp:
    """The ERP, with statements that any outcome may overwrite."""

    def write(status: str) -> tuple[str, ...]:
        return (f"UPDATE orders SET status = '{status}' WHERE no = :external_id AND status <> '{status}'",)

    statements = {"received": write("R"), "confirmed": write("C"), "rejected": write("X"), "failed": write("F")}
    erp.source = erp.source.model_copy(update={"write_back": erp.source.write_back.model_copy(update=statements)})
    return erp


class Meanwhile:
    """A connection of a poller that stands still before (or after) its first statement about `status`."""

    def __init__(self, inner: Any, status: str, act: Callable[[], None], after: bool = False) -> None:
        self._inner, self._status, self._act, self._after = inner, status, act, after
        self._acts = False

    def execute(self, sql: str, parameters: Any = ()) -> int:
        if f"= '{self._status}' WHERE" in sql:
            self._acts, act = True, self._take()
            if not self._after:
                act()
        return int(self._inner.execute(sql, parameters))

    def commit(self) -> None:
        self._inner.commit()
        if self._after and self._acts:
            self._take()()

    def end(self) -> None:
        self._inner.end()

    def _take(self) -> Callable[[], None]:
        if self._after and not self._acts:
            return self._act
        act, self._act = self._act, lambda: None
        return act


def test_an_outcome_that_was_written_late_over_a_later_one_is_repaired(plain: Erp) -> None:
    order_id = plain.order("SO-1", FAILED)

    def other_poller() -> None:
        plain.append(order_id, OrderRedriven(2, "ops", "again"), OrderConfirmed("C-1"))
        plain.drain()

    plain.drain(wrap=lambda inner: Meanwhile(inner, "F", other_poller))
    assert plain.status("SO-1")[0] == "C"
    assert plain.waiting == ()


def test_an_outcome_of_an_earlier_revision_that_was_written_late_is_repaired(plain: Erp) -> None:
    order_id = plain.order("SO-1", REJECTION, REJECTED)

    def other_poller() -> None:
        plain.append(order_id, revised(2), OrderConfirmed("C-1"))
        plain.drain()

    plain.drain(wrap=lambda inner: Meanwhile(inner, "X", other_poller))
    assert plain.status("SO-1")[0] == "C"
    assert plain.waiting == ()


def test_two_pollers_of_whom_the_later_outcome_is_acknowledged_last(plain: Erp) -> None:
    """The other one tells FAILED after this one told CONFIRMED, and both acknowledge afterwards."""
    order_id = plain.order("SO-1", OrderConfirmed("C-1"))

    def other_poller() -> None:
        plain.run("UPDATE orders SET status = 'F'")
        repository = plain.services.repository
        repository.append(repository.load(order_id), ErpAcknowledged("sql", "failed"))

    plain.drain(wrap=lambda inner: Meanwhile(inner, "C", other_poller, after=True))
    assert plain.status("SO-1")[0] == "C"


def test_nobody_else_was_there_so_nothing_is_written_twice(plain: Erp) -> None:
    plain.order("SO-1", OrderConfirmed("C-1"))
    executed: list[str] = []

    class Counting(Meanwhile):
        def execute(self, sql: str, parameters: Any = ()) -> int:
            executed.append(sql)
            return super().execute(sql, parameters)

    plain.drain(wrap=lambda inner: Counting(inner, "none", lambda: None))
    assert len(executed) == 2
