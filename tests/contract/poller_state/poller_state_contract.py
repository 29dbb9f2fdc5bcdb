"""What every store of poller state does: leases with fences, watermarks under a lease, findings, snapshots."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from poller.database.keyset import Bound
from poller.errors import LeaseLost
from poller.state.ports import (
    Changed,
    Chunk,
    ChunkIndex,
    Findings,
    HorizonMark,
    Lease,
    Quarantined,
    Snapshots,
    Watermark,
    Watermarks,
)
from tests.support.builders import NOW

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stores:
    watermarks: Watermarks
    findings: Findings
    snapshots: Snapshots


def taken(stores: Stores, holder: str = "a", now: datetime = NOW) -> Lease:
    lease = stores.watermarks.acquire("erp", holder, now, MINUTE)
    assert lease is not None
    return lease


class PollerStateContract:
    """Subclasses give the fixture `stores`, empty."""

    def test_one_holder_at_a_time(self, stores: Stores) -> None:
        taken(stores, "a")
        assert stores.watermarks.acquire("erp", "b", NOW, MINUTE) is None
        assert stores.watermarks.acquire("other", "b", NOW, MINUTE) is not None

    def test_a_released_or_expired_lease_can_be_taken_and_every_holder_has_a_higher_fence(self, stores: Stores) -> None:
        first = taken(stores, "a")
        stores.watermarks.release(first)
        second = taken(stores, "b")
        third = taken(stores, "c", NOW + MINUTE)
        assert first.fence < second.fence < third.fence

    def test_asking_again_after_a_lost_answer_is_no_refusal(self, stores: Stores) -> None:
        first = taken(stores, "a")
        assert taken(stores, "a").fence > first.fence

    def test_a_renewed_lease_lasts(self, stores: Stores) -> None:
        lease = stores.watermarks.renew(taken(stores), NOW + MINUTE / 2, MINUTE)
        assert lease.expires_at == NOW + MINUTE * 1.5
        assert stores.watermarks.acquire("erp", "b", NOW + MINUTE, MINUTE) is None

    def test_whoever_lost_the_lease_can_save_nothing(self, stores: Stores) -> None:
        stale = taken(stores, "a")
        fresh = taken(stores, "b", NOW + 2 * MINUTE)
        stores.watermarks.save(fresh, Watermark(floor=Bound((2,))), NOW)
        with pytest.raises(LeaseLost):
            stores.watermarks.save(stale, Watermark(floor=Bound((1,))), NOW)
        with pytest.raises(LeaseLost):
            stores.watermarks.renew(stale, NOW, MINUTE)
        with pytest.raises(LeaseLost):
            stores.snapshots.save_chunk(stale, "erp", 1, Chunk({}))
        with pytest.raises(LeaseLost):
            stores.snapshots.save_index(stale, "erp", ChunkIndex())
        stores.watermarks.release(stale)
        assert stores.watermarks.load("erp").floor == Bound((2,))
        assert stores.watermarks.acquire("erp", "c", NOW + 2 * MINUTE, MINUTE) is None, "b still holds it"

    def test_an_operator_can_take_over(self, stores: Stores) -> None:
        polling = taken(stores, "a")
        operator = stores.watermarks.take_over("erp", "operator", NOW, MINUTE)
        stores.watermarks.save(operator, Watermark(), NOW)
        with pytest.raises(LeaseLost):
            stores.watermarks.save(polling, Watermark(floor=Bound((1,))), NOW)

    def test_a_watermark_comes_back_with_all_its_types(self, stores: Stores) -> None:
        position = ("2026-11-23 10:00:00.1234567", 7, Decimal("12.50"), b"\x01\xff", NOW, date(2026, 11, 23), None, "ß")
        watermark = Watermark(
            floor=Bound(position),
            position=position,
            candidate=Bound(("x",), inclusive=True),
            pass_started_at=NOW,
            passed_at=NOW - MINUTE,
            marks=(HorizonMark(NOW, 42, (1,)), HorizonMark(NOW + MINUTE, 0, ())),
            types={"a": "str"},
            fingerprint="f",
            stopped="s",
        )
        assert stores.watermarks.load("erp") == Watermark()
        stores.watermarks.save(taken(stores), watermark, NOW)
        assert stores.watermarks.load("erp") == replace(watermark, saved_at=NOW)

    def test_history_is_newest_first_and_only_where_asked_for(self, stores: Stores) -> None:
        lease = taken(stores)
        for number in range(3):
            watermark = Watermark(floor=Bound((number,)))
            stores.watermarks.save(lease, watermark, NOW + number * MINUTE, history=number != 1)
        assert [item.floor for item in stores.watermarks.history("erp", 10)] == [Bound((2,)), Bound((0,))]
        assert len(stores.watermarks.history("erp", 1)) == 1
        assert stores.watermarks.history("other", 1) == []

    def test_quarantine_keeps_one_entry_a_key_and_when_it_was_first_seen(self, stores: Stores) -> None:
        entry = Quarantined("erp", '["A1"]', ("why",), "{}", "00", "f", NOW, NOW)
        stores.findings.quarantine(entry)
        again = replace(entry, reasons=("why else",), first_seen=NOW + MINUTE, last_seen=NOW + MINUTE)
        stores.findings.quarantine(again)
        stores.findings.quarantine(replace(entry, key='["A0"]'))
        stores.findings.quarantine(replace(entry, source="other"))
        found = stores.findings.quarantined("erp", 10)
        assert [item.key for item in found] == ['["A0"]', '["A1"]']
        assert found[1] == replace(again, first_seen=NOW)
        assert [item.key for item in stores.findings.quarantined("erp", 10, after='["A0"]')] == ['["A1"]']
        assert len(stores.findings.quarantined("erp", 1)) == 1
        stores.findings.release("erp", '["A1"]')
        stores.findings.release("erp", '["A1"]')
        assert len(stores.findings.quarantined("erp", 10)) == 1

    def test_changes_keep_one_entry_a_key(self, stores: Stores) -> None:
        change = Changed("erp", '["A1"]', "o-1", "A1", ("total",), "00", NOW, NOW)
        stores.findings.record_change(change)
        stores.findings.record_change(replace(change, fields=("currency",), first_seen=NOW + MINUTE))
        assert stores.findings.changes("erp", 10) == [replace(change, fields=("currency",))]

    def test_snapshots_come_back_and_can_be_forgotten(self, stores: Stores) -> None:
        lease = taken(stores)
        index = ChunkIndex(((1, ("A1", 3)), (2, None)), 3)
        hashes = {bytes([i]) * 8: bytes([i + 1]) * 8 for i in range(200)}
        assert stores.snapshots.index("erp") == ChunkIndex()
        assert stores.snapshots.chunk("erp", 1).hashes == {}
        stores.snapshots.save_index(lease, "erp", index)
        stores.snapshots.save_chunk(lease, "erp", 1, Chunk(hashes))
        stores.snapshots.save_chunk(lease, "erp#NULLS", 1, Chunk({}))
        assert stores.snapshots.index("erp") == index
        assert stores.snapshots.chunk("erp", 1).hashes == hashes
        assert stores.snapshots.chunk("erp#NULLS", 1).hashes == {}
        stores.snapshots.clear(lease, "erp")
        assert stores.snapshots.index("erp").ranges == ()
        assert stores.snapshots.chunk("erp", 1).hashes == {}
