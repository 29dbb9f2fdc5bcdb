"""What every outbox does: entries wait in the order of occurrence, once, until they are done or parked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.acknowledgements.outbox import Outbox, OutboxEntry
from tests.support.builders import NOW


def entry(
    order_id: str = "o-1", kind: str = "received", seconds: float = 0, version: int = 1, revision: int = 1
) -> OutboxEntry:
    return OutboxEntry(
        source="erp-1",
        order_id=order_id,
        external_id=f"SO {order_id}",
        kind=kind,
        occurred_at=NOW + timedelta(seconds=seconds),
        version=version,
        reason_code="unknown_sku" if kind == "rejected" else "",
        reason="Schraube M8 × 40 ist nicht im Katalog" if kind == "rejected" else "",
        confirmation_number="C-7" if kind == "confirmed" else "",
        revision=revision,
    )


class OutboxContract:
    @pytest.fixture
    def adapter(self) -> Outbox:
        raise NotImplementedError

    def test_entries_come_back_whole_and_in_the_order_of_occurrence(self, adapter: Outbox) -> None:
        late = entry("o-1", "rejected", seconds=1.000001, version=5, revision=2)
        middle = entry("o-2", "confirmed", seconds=1, version=4)
        early = entry("o-3", seconds=-3600)
        for one in (late, middle, early):
            adapter.put(one)
        assert adapter.pending("erp-1", 10) == (early, middle, late)
        assert adapter.pending("erp-1", 2) == (early, middle)

    def test_events_of_one_order_in_the_same_instant_keep_their_sequence(self, adapter: Outbox) -> None:
        """Version 10 follows 9, whatever their texts or their kinds' names."""
        events = [entry(kind="failed", version=9), entry(kind="confirmed", version=10)]
        for one in reversed(events):
            adapter.put(one)
        assert list(adapter.pending("erp-1", 10)) == events

    def test_a_repeated_put_adds_nothing(self, adapter: Outbox) -> None:
        adapter.put(entry())
        adapter.put(entry())
        assert adapter.pending("erp-1", 10) == (entry(),)

    def test_what_is_done_is_gone_and_may_be_done_again(self, adapter: Outbox) -> None:
        other = entry(kind="confirmed", seconds=5, version=2)
        adapter.put(entry())
        adapter.put(other)
        adapter.done(entry())
        adapter.done(entry())
        assert adapter.pending("erp-1", 10) == (other,)

    def test_sources_do_not_see_each_other(self, adapter: Outbox) -> None:
        adapter.put(entry())
        assert adapter.pending("erp-10", 10) == ()
        adapter.done(replace(entry(), source="erp-10"))
        assert adapter.pending("erp-1", 10) == (entry(),)

    def test_a_parked_entry_is_out_of_the_way_and_can_be_brought_back(self, adapter: Outbox) -> None:
        behind = entry("o-2", seconds=9)
        adapter.put(entry())
        adapter.put(behind)
        adapter.park(entry(), "STATUS takes one character")
        adapter.park(entry(), "STATUS takes one character")
        assert adapter.pending("erp-1", 10) == (behind,)
        assert adapter.parked("erp-1", 10) == ((entry(), "STATUS takes one character"),)
        adapter.unpark(entry())
        assert adapter.parked("erp-1", 10) == ()
        assert adapter.pending("erp-1", 10) == (entry(), behind)

    def test_unparking_again_does_not_bring_back_what_is_done(self, adapter: Outbox) -> None:
        adapter.put(entry())
        adapter.park(entry(), "refused")
        adapter.unpark(entry())
        adapter.done(entry())
        adapter.unpark(entry())
        assert adapter.pending("erp-1", 10) == ()

    def test_a_long_backlog_is_read_in_pages_of_the_size_asked_for(self, adapter: Outbox) -> None:
        backlog = [entry(f"o-{number:03}", seconds=number) for number in range(130)]
        for one in backlog:
            adapter.put(one)
        assert list(adapter.pending("erp-1", 100)) == backlog[:100]
        for one in backlog[:100]:
            adapter.done(one)
        assert list(adapter.pending("erp-1", 100)) == backlog[100:]
