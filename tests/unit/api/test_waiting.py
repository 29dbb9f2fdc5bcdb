"""`?wait=` and `Prefer: wait=`: the outcome as soon as it is there, never later than asked for, with bounded reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.api.http.waiting import MAX_WAIT_S
from chalicelib.api.openapi.examples import ORDER
from chalicelib.domain.events import OrderConfirmed, RecordedEvent
from chalicelib.domain.order import order_id
from tests.support.api import ApiBench
from tests.support.builders import NOW
from tests.support.operations import TIMEOUT

ORDER_ID = order_id("sap-emea", "SO-100045")
MAX_READS = 18


class Moving:
    """The event store of a system that works: at the given read of the order, something has happened to it."""

    def __init__(self, api: ApiBench, happens: Callable[[], object], at_read: int = 0) -> None:
        self.inner, self.happens, self.at_read = api.fakes.events, happens, at_read
        self.reads = 0

    def load(self, order_id: str) -> Sequence[RecordedEvent]:
        self.reads += 1
        if self.reads == self.at_read:
            self.happens()
        return self.inner.load(order_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture
def api() -> ApiBench:
    return ApiBench()


def moving(api: ApiBench, at_read: int = 0, failing: bool = False) -> Moving:
    def end() -> None:
        if failing:
            api.fakes.park(ORDER_ID, TIMEOUT)
        else:
            api.fakes.repository().append(api.fakes.order(ORDER_ID), OrderConfirmed("CN-1"))

    api.events = store = Moving(api, end, at_read)
    return store


def waited_s(api: ApiBench) -> float:
    return (api.fakes.clock.now() - NOW).total_seconds()


@pytest.mark.parametrize("asked", [("?wait=20", {}), ("", {"Prefer": "wait=20"})], ids=["parameter", "preference"])
def test_a_new_order_is_answered_as_soon_as_it_is_confirmed(api: ApiBench, asked: tuple[str, dict[str, str]]) -> None:
    moving(api, at_read=4)
    query, headers = asked
    reply = api.post(f"/orders{query}", ORDER, api.ingest, **headers)
    assert (reply.status, reply.json["status"]) == (200, "CONFIRMED")
    assert reply.header("Idempotent-Replayed") is None
    assert reply.header("Retry-After") is None
    assert reply.header("Preference-Applied") == ("wait=20" if headers else None)
    assert 0 < waited_s(api) < 2


def test_after_the_wait_it_is_202_as_ever(api: ApiBench) -> None:
    store = moving(api)
    reply = api.post("/orders?wait=7", ORDER, api.ingest)
    assert (reply.status, reply.json["status"], reply.header("Retry-After")) == (202, "RECEIVED", "1")
    assert waited_s(api) == pytest.approx(7)
    assert store.reads <= MAX_READS


def test_the_longest_wait_reads_a_bounded_number_of_times(api: ApiBench) -> None:
    store = moving(api)
    api.post(f"/orders?wait={MAX_WAIT_S}", ORDER, api.ingest)
    assert waited_s(api) == pytest.approx(MAX_WAIT_S)
    assert store.reads <= MAX_READS


def test_a_repeat_waits_too(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    moving(api, at_read=4)
    reply = api.post("/orders?wait=5", ORDER, api.ingest)
    assert (reply.status, reply.json["status"], reply.header("Idempotent-Replayed")) == (200, "CONFIRMED", "true")


@pytest.mark.parametrize("failing", [False, True])
def test_reading_an_order_waits_for_its_outcome(api: ApiBench, failing: bool) -> None:
    """FAILED is one: nothing more happens by itself soon."""
    api.post("/orders", ORDER, api.ingest)
    moving(api, at_read=3, failing=failing)
    reply = api.get(f"/orders/{ORDER_ID}?wait=10", api.read)
    assert (reply.status, reply.json["status"]) == (200, "FAILED" if failing else "CONFIRMED")
    assert reply.header("ETag") == '"2"'
    assert waited_s(api) < 2


def test_what_has_its_outcome_is_not_waited_for(api: ApiBench) -> None:
    api.post("/orders", ORDER, api.ingest)
    api.fakes.park(ORDER_ID, TIMEOUT)
    api.get(f"/orders/{ORDER_ID}?wait=20", api.read)
    assert waited_s(api) == 0


def test_without_asking_nobody_waits(api: ApiBench) -> None:
    store = moving(api)
    api.post("/orders", ORDER, api.ingest)
    reply = api.get(f"/orders/{ORDER_ID}", api.read)
    assert (waited_s(api), store.reads, reply.header("Retry-After")) == (0, 1, "1")


@pytest.mark.parametrize("wrong", ["21", "-1", "1.5", "", "x", "1e1", "%D9%A3"])
def test_a_wrong_wait_is_named(api: ApiBench, wrong: str) -> None:
    for reply in (
        api.post(f"/orders?wait={wrong}", ORDER, api.ingest),
        api.get(f"/orders/{ORDER_ID}?wait={wrong}", api.read),
    ):
        assert (reply.status, reply.fields) == (422, ["wait"])
    assert list(api.fakes.events.order_ids()) == []


@pytest.mark.parametrize(
    ("preference", "waits_s"),
    [
        ("wait=5", 5),
        ("respond-async, wait=5", 5),
        ('Wait = "5"; x=y', 5),
        ("wait=300", 20),
        ("wait=0", 0),
        ("wait", 0),
        ("wait=soon", 0),
        ("return=minimal", 0),
        ("wait=-5", 0),
    ],
)
def test_a_preference_is_met_as_far_as_it_can_be(api: ApiBench, preference: str, waits_s: int) -> None:
    reply = api.post("/orders", ORDER, api.ingest, Prefer=preference)
    assert reply.status == 202
    assert waited_s(api) == pytest.approx(waits_s)


def test_the_parameter_counts_before_the_preference(api: ApiBench) -> None:
    api.post("/orders?wait=2", ORDER, api.ingest, Prefer="wait=9")
    assert waited_s(api) == pytest.approx(2)


def test_post_takes_no_other_parameters(api: ApiBench) -> None:
    reply = api.post("/orders?verbose=1", ORDER, api.ingest)
    assert (reply.status, reply.fields) == (422, ["verbose"])
