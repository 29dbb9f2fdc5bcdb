"""What every projection promises."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.money import Money
from chalicelib.domain.state import Status
from chalicelib.ports import OrderQuery, OrderRow, Projection
from tests.support.builders import NOW, row


def at(minutes: float = 0, **changes: object) -> OrderRow:
    """A row received so many minutes before NOW; its id sorts like the minutes."""
    return row(f"o-{minutes:07.1f}", received_at=NOW - timedelta(minutes=minutes), **changes)


def put(projection: Projection, *rows: OrderRow) -> list[OrderRow]:
    """Stores them in an order that has nothing to do with their age; returns them newest first."""
    for one in random.Random(7).sample(rows, len(rows)):
        assert projection.put(one)
    return sorted(rows, key=lambda one: (one.received_at, one.order_id), reverse=True)


def pages(projection: Projection, query: OrderQuery) -> Iterator[list[OrderRow]]:
    while True:
        page = projection.query(query)
        yield list(page.rows)
        if not page.cursor:
            return
        query = replace(query, cursor=page.cursor)


def listed(projection: Projection, **query: object) -> list[OrderRow]:
    return [one for page in pages(projection, OrderQuery(**query)) for one in page]  # type: ignore[arg-type]


class ProjectionContract:
    """Inherit, and override `adapter`."""

    @pytest.fixture
    def adapter(self) -> Projection:
        raise NotImplementedError

    def test_a_row_comes_back_with_every_field(self, adapter: Projection) -> None:
        full = row(
            status=Status.FAILED,
            total=Money(1250, "KWD"),
            received_at=datetime(2026, 11, 23, 10, 15, 0, 123456, tzinfo=UTC),
            attempt=3,
            reasons=("insufficient_stock", "no_price"),
            failed_step="CapturePayment",
            fingerprint="0123456789ab",
        )
        assert adapter.put(full)
        assert adapter.get("o-1") == full
        assert adapter.query(OrderQuery()).rows == (full,)

    def test_an_unknown_order_has_no_row(self, adapter: Projection) -> None:
        assert adapter.get("o-1") is None
        assert adapter.query(OrderQuery()).rows == ()
        assert adapter.query(OrderQuery()).cursor == ""

    def test_an_older_version_does_not_replace_a_newer_one(self, adapter: Projection) -> None:
        newer = row(version=3, status=Status.RESERVED)
        assert adapter.put(newer)
        assert not adapter.put(row(version=2, status=Status.VALIDATED))
        assert adapter.get("o-1") == newer
        assert listed(adapter, status=Status.VALIDATED) == []

    def test_the_same_version_may_be_put_again(self, adapter: Projection) -> None:
        adapter.put(row(version=2))
        assert adapter.put(row(version=2, attempt=2))
        assert adapter.get("o-1") == row(version=2, attempt=2)

    def test_a_removed_row_is_gone_everywhere_and_may_return(self, adapter: Projection) -> None:
        adapter.put(row(version=5))
        adapter.remove("o-1")
        adapter.remove("o-1")
        assert adapter.get("o-1") is None
        assert listed(adapter) == listed(adapter, status=Status.RECEIVED) == []
        assert list(adapter.order_ids()) == []
        assert adapter.put(row(version=1))
        assert adapter.get("o-1") == row(version=1)

    def test_every_order_id_is_listed_once(self, adapter: Projection) -> None:
        put(adapter, *(at(minutes) for minutes in range(12)))
        adapter.put(replace(at(3), version=2))
        assert sorted(adapter.order_ids()) == sorted(at(minutes).order_id for minutes in range(12))

    def test_lists_are_newest_first_over_days(self, adapter: Projection) -> None:
        rows = put(adapter, *(at(minutes) for minutes in (0, 1, 14, 15, 700, 2000, 5000, 5001)))
        assert listed(adapter) == rows
        assert listed(adapter, limit=3) == rows

    def test_a_page_has_the_limit_and_the_last_one_no_cursor(self, adapter: Projection) -> None:
        rows = put(adapter, *(at(minutes) for minutes in range(7)))
        assert [len(page) for page in pages(adapter, OrderQuery(limit=3))] == [3, 3, 1]
        assert adapter.query(OrderQuery(limit=7)).cursor == ""
        assert adapter.query(OrderQuery(limit=6)).rows == tuple(rows[:6])
        assert adapter.query(OrderQuery(limit=6)).cursor

    def test_orders_of_the_same_microsecond_are_ordered_by_id(self, adapter: Projection) -> None:
        rows = put(adapter, *(row(f"o-{number:02}") for number in range(25)))
        assert [one.order_id for one in rows][:2] == ["o-24", "o-23"]
        assert listed(adapter, limit=4) == rows

    def test_filters_alone_and_together(self, adapter: Projection) -> None:
        statuses, sources = list(Status), ("sap-emea", "navision", "sap")
        rows = put(
            adapter,
            *(at(n * 100, status=statuses[n % 8], source=sources[n % 3]) for n in range(48)),
        )
        failed = [one for one in rows if one.status is Status.FAILED]
        assert listed(adapter, status=Status.FAILED, limit=2) == failed
        assert listed(adapter, source="sap", limit=5) == [one for one in rows if one.source == "sap"]
        assert listed(adapter, status=Status.FAILED, source="navision") == [
            one for one in failed if one.source == "navision"
        ]
        assert listed(adapter, source="unknown") == []
        start, end = NOW - timedelta(minutes=3000), NOW - timedelta(minutes=1200)
        between = [one for one in rows if start <= one.received_at < end]
        assert len(between) == 18
        assert listed(adapter, start=start, end=end, limit=4) == between
        assert listed(adapter, status=Status.FAILED, start=start, end=end) == [
            one for one in between if one.status is Status.FAILED
        ]
        assert listed(adapter, status=Status.FAILED, source="sap", start=start, end=end) == [
            one for one in between if one.status is Status.FAILED and one.source == "sap"
        ]

    @pytest.mark.parametrize("by", [{}, {"status": Status.RECEIVED}, {"source": "sap-emea"}])
    def test_a_range_includes_its_start_and_excludes_its_end(self, adapter: Projection, by: dict[str, object]) -> None:
        tick = timedelta(microseconds=1)
        midnight = datetime(2026, 11, 23, tzinfo=UTC)
        times = (midnight - tick, midnight, midnight + tick)
        rows = put(adapter, *(row(f"o-{n}", received_at=moment) for n, moment in enumerate(times)))
        assert listed(adapter, start=midnight, **by) == rows[:2]
        assert listed(adapter, end=midnight, **by) == rows[2:]
        assert listed(adapter, start=midnight, end=midnight + tick, **by) == rows[1:2]
        assert listed(adapter, start=midnight, end=midnight, **by) == []
        assert listed(adapter, start=midnight + tick, end=midnight, **by) == []

    def test_times_of_other_zones_are_compared_as_moments(self, adapter: Projection) -> None:
        from datetime import timezone

        adapter.put(row(received_at=datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=2)))))
        start = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
        assert len(listed(adapter, start=start, end=start + timedelta(seconds=1))) == 1

    def test_a_row_moves_to_the_list_of_its_new_status(self, adapter: Projection) -> None:
        adapter.put(row(version=1))
        moved = row(version=2, status=Status.VALIDATED)
        adapter.put(moved)
        assert listed(adapter, status=Status.RECEIVED) == []
        assert listed(adapter, status=Status.VALIDATED) == [moved]

    @pytest.mark.parametrize("by", [{}, {"status": Status.RECEIVED}, {"source": "sap-emea"}])
    def test_paging_neither_repeats_nor_skips_while_orders_arrive_and_change(
        self, adapter: Projection, by: dict[str, object]
    ) -> None:
        rows = put(adapter, *(at(minutes * 10) for minutes in range(1, 21)))
        query = OrderQuery(limit=3, **by)  # type: ignore[arg-type]
        seen: list[str] = []
        for step in range(20):
            page = adapter.query(query)
            seen += [one.order_id for one in page.rows]
            if not page.cursor:
                break
            query = replace(query, cursor=page.cursor)
            adapter.put(at(-step - 1))  # newer than everything: belongs before the pages that were shown
            adapter.put(replace(rows[step * 2], version=2, status=Status.VALIDATED))
        changed = {rows[step * 2].order_id for step in range(20) if step * 2 < len(rows)}
        stayed = [one.order_id for one in rows if one.order_id not in changed]
        assert len(seen) == len(set(seen))
        assert set(stayed) <= set(seen)
        assert seen == sorted(seen)  # ids grow with age: newest first
        if not by or "source" in by:
            assert seen == [one.order_id for one in rows]

    def test_the_same_page_can_be_fetched_again(self, adapter: Projection) -> None:
        put(adapter, *(at(minutes) for minutes in range(9)))
        second = replace(OrderQuery(limit=3), cursor=adapter.query(OrderQuery(limit=3)).cursor)
        assert adapter.query(second) == adapter.query(second)

    def test_a_long_time_without_orders_is_bridged(self, adapter: Projection) -> None:
        rows = put(adapter, at(0), at(60 * 24 * 2), at(60 * 24 * 72))
        assert listed(adapter, limit=2) == rows

    def test_a_cursor_is_safe_in_an_url(self, adapter: Projection) -> None:
        put(adapter, *(at(minutes) for minutes in range(3)))
        cursor = adapter.query(OrderQuery(limit=2)).cursor
        assert cursor.replace("-", "").replace("_", "").isalnum()

    @pytest.mark.parametrize(
        "cursor",
        [
            "x",
            "eyJwayI6ICJvLTEifQ",
            "MjAyNi0xMS0yMw",
            "%%%",
            "1",
            "é",
            "A" * 5000,
            "MTIwMjYtOTktMjNUMTA6MTU6MDAuMDAwMDAwWiNvLTE",
        ],
    )
    def test_a_cursor_that_is_not_ours_is_refused(self, adapter: Projection, cursor: str) -> None:
        with pytest.raises(ValueError, match="cursor"):
            adapter.query(OrderQuery(cursor=cursor))

    def test_orders_are_found_by_number_customer_and_correlation_id(self, adapter: Projection) -> None:
        rows = put(
            adapter,
            *(
                at(
                    n * 30,
                    source=("sap", "sap-emea")[n % 2],
                    external_id=f"SO-{n // 2}",
                    customer_id=f"C-{n % 3}",
                    correlation_id=f"c-{n % 5}",
                )
                for n in range(30)
            ),
        )
        assert [one.source for one in listed(adapter, external_id="SO-7")] == ["sap", "sap-emea"]
        assert listed(adapter, external_id="SO-7", source="sap", limit=1) == [
            one for one in rows if (one.external_id, one.source) == ("SO-7", "sap")
        ]
        assert listed(adapter, external_id="SO") == []
        assert listed(adapter, customer_id="C-1", limit=3) == [one for one in rows if one.customer_id == "C-1"]
        assert listed(adapter, correlation_id="c-4", limit=2) == [one for one in rows if one.correlation_id == "c-4"]
        assert listed(adapter, customer_id="C-1", correlation_id="c-4", start=NOW - timedelta(minutes=500)) == [
            one
            for one in rows
            if (one.customer_id, one.correlation_id) == ("C-1", "c-4")
            and one.received_at >= NOW - timedelta(minutes=500)
        ]
