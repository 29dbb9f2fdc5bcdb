"""What each cursor mode promises, on SQLite through the standard library's driver; real databases are in tests/odbc."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.poller.erp import PollerBench, SqliteErp, bench, source_text

Make = Callable[..., PollerBench]
TIMESTAMP = 'mode = "timestamp+id"\ncolumn = "changed_at"\nzone = "utc"\noverlap_s = 300'
ID = 'mode = "id"\noverlap_s = 60'
STATUS = 'mode = "status-flag"\ncolumn = "state"\nstates = ["NEW"]'
SNAPSHOT = 'mode = "snapshot"'
VERSION = (
    'mode = "rowversion"\ncolumn = "version"\n'
    "cap_query = \"SELECT COALESCE(MIN(CASE state WHEN 'OPEN' THEN version END), MAX(version) + 1) FROM order_header\""
)


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[SqliteErp]:
    made = SqliteErp(tmp_path / "erp.db")
    yield made
    made.db.close()


@pytest.fixture
def poller(erp: SqliteErp) -> Iterator[Make]:
    made: list[PollerBench] = []

    def make(cursor: str, page_rows: int = 3, more: str = "") -> PollerBench:
        paging = f"[paging]\npage_rows = {page_rows}\naccept_workers = 1\n"
        text = source_text(f'sqlite = "{erp.path}"', cursor, more=more) + paging
        made.append(bench(text))
        return made[-1]

    yield make
    for one in made:
        one.close()


def database_now(offset_s: float = 0) -> str:
    """The database's clock is the machine's: stamps in tests are relative to it."""
    return f"{datetime.now(UTC) + timedelta(seconds=offset_s):%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize("cursor", [TIMESTAMP, ID, STATUS, SNAPSHOT, VERSION])
def test_every_mode_reads_all_pages_once(erp: SqliteErp, poller: Make, cursor: str) -> None:
    for number in range(1, 12):
        erp.add(number, "2026-11-01 10:00:00")
    polled = poller(cursor)
    report = polled.poll()
    assert (report.outcome, report.counts.accepted) == ("finished", 11), report
    assert polled.poll().counts.accepted == 0
    assert len(polled.numbers()) == 11


@pytest.mark.parametrize("cursor", [TIMESTAMP, ID, STATUS, SNAPSHOT, VERSION])
def test_new_rows_are_found_by_the_next_poll(erp: SqliteErp, poller: Make, cursor: str) -> None:
    erp.add(1, database_now())
    polled = poller(cursor)
    polled.poll()
    erp.add(2, database_now(1))
    assert polled.poll().counts.accepted == 1
    assert polled.numbers() == ["1", "2"]


@pytest.mark.parametrize("cursor", [TIMESTAMP, SNAPSHOT, STATUS])
def test_a_row_that_appears_behind_the_cursor_is_found(erp: SqliteErp, poller: Make, cursor: str) -> None:
    erp.add(10, database_now())
    polled = poller(cursor)
    polled.poll()
    erp.add(5, database_now(-200))  # committed late, stamped early
    assert polled.poll().counts.accepted == 1


def test_a_lower_id_that_commits_late_is_found(erp: SqliteErp, poller: Make) -> None:
    erp.add(10)
    polled = poller(ID)
    polled.poll()
    erp.add(9)
    assert polled.poll().counts.accepted == 1


def test_rows_that_share_a_stamp_across_a_page_boundary(erp: SqliteErp, poller: Make) -> None:
    for number in range(1, 10):
        erp.add(number, "2026-11-01 10:00:00.1234567")
    polled = poller(TIMESTAMP, page_rows=2)
    assert polled.poll().counts.accepted == 9


def test_rows_without_a_stamp_are_read_too(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, None)
    erp.add(2, "2026-11-01 10:00:00")
    polled = poller(TIMESTAMP)
    assert polled.poll().counts.accepted == 2
    erp.add(3, None)
    report = polled.poll()
    assert (report.counts.accepted, report.counts.replayed) == (1, 0)


def test_a_settled_row_is_not_read_again(erp: SqliteErp, poller: Make) -> None:
    for number in range(1, 8):
        erp.add(number, f"2026-11-01 10:00:0{number}")
    polled = poller(TIMESTAMP)
    polled.poll()
    assert polled.poll().counts.read == 0


def test_the_overlap_costs_no_second_accept_in_a_warm_process(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, database_now())
    polled = poller(TIMESTAMP)
    polled.poll()
    counts = polled.poll().counts
    assert (counts.skipped, counts.replayed) == (1, 0)
    counts = polled.poll(cold=True).counts
    assert (counts.skipped, counts.replayed, counts.accepted) == (0, 1, 0)


@pytest.mark.parametrize("cursor", [TIMESTAMP, SNAPSHOT])
def test_a_row_changed_after_acceptance_is_recorded_and_blocks_nothing(
    erp: SqliteErp, poller: Make, cursor: str
) -> None:
    erp.add(1, database_now())
    polled = poller(cursor)
    polled.poll()
    erp.sql("UPDATE order_header SET customer = 'C-2', changed_at = ? WHERE order_no = 1", database_now(1))
    erp.add(2, database_now(2))
    counts = polled.poll().counts
    assert (counts.changed, counts.accepted) == (1, 1)
    (change,) = polled.findings.changes("erp", 10)
    assert (change.external_id, change.fields) == ("1", ("customer_id",))
    assert polled.poll().counts.changed == 0


def test_a_changed_line_is_seen_by_a_snapshot(erp: SqliteErp, poller: Make) -> None:
    erp.add(1)
    polled = poller(SNAPSHOT)
    polled.poll()
    erp.sql("UPDATE order_line SET qty = 5")
    assert polled.poll().counts.changed == 1


def test_a_snapshot_notices_deleted_rows_and_ranges_that_grow(erp: SqliteErp, poller: Make) -> None:
    for number in range(0, 40, 4):
        erp.add(number)
    polled = poller(SNAPSHOT)
    polled.poll()
    erp.sql("DELETE FROM order_header WHERE order_no IN (8, 36)")
    for number in (1, 2, 3, 5, 6, 7, 50):
        erp.add(number)
    counts = polled.poll().counts
    assert (counts.accepted, counts.replayed, counts.deleted) == (7, 0, 2)
    assert polled.poll().counts.skipped == 15


def test_rowversion_stops_below_an_open_transaction(erp: SqliteErp, poller: Make) -> None:
    erp.add(1)
    erp.add(3)
    erp.add(2, state="OPEN", version=2)
    polled = poller(VERSION)
    assert polled.poll().counts.accepted == 1
    erp.sql("UPDATE order_header SET state = 'NEW'")
    assert polled.poll().counts.accepted == 2


def test_status_flag_acknowledges_what_it_took(erp: SqliteErp, poller: Make) -> None:
    erp.add(1)
    erp.add(2, customer=None)  # cannot be mapped: stays NEW
    taken = "\"UPDATE order_header SET state = 'TAKEN' WHERE order_no = :order_no AND state = 'NEW'\""
    polled = poller(f"{STATUS}\nacknowledge = {taken}")
    counts = polled.poll().counts
    assert (counts.accepted, counts.quarantined) == (1, 1)
    assert erp.db.execute("SELECT state FROM order_header ORDER BY order_no").fetchall() == [("TAKEN",), ("NEW",)]


@pytest.mark.parametrize("cursor", [TIMESTAMP, ID])
def test_a_source_may_start_now(erp: SqliteErp, poller: Make, cursor: str) -> None:
    erp.add(1, "2026-11-01 10:00:00")
    polled = poller(f'{cursor}\nstart = "now"')
    assert polled.poll().counts.accepted == 0
    erp.add(2, database_now())
    assert polled.poll().counts.accepted == 1


def test_a_poll_stops_in_time_and_goes_on_where_it_stopped(erp: SqliteErp, poller: Make) -> None:
    for number in range(1, 10):
        erp.add(number, "2026-11-01 10:00:00")
    polled = poller(TIMESTAMP)
    left = iter([60_000, 60_000, 5_000])
    report = polled.poll(lambda: next(left))
    assert (report.outcome, report.counts.accepted) == ("stopped", 6)
    report = polled.poll(cold=True)
    assert (report.outcome, report.counts.read) == ("finished", 3)


def test_the_local_hour_that_autumn_repeats_is_read_back_far_enough() -> None:
    from zoneinfo import ZoneInfo

    from chalicelib.mapping.values import wall_clock_floor

    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 summer time; at 01:00 UTC the clock shows 02:00 again
    assert f"{wall_clock_floor(before, berlin)}" == "2026-10-25 02:00:00"
    after = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert f"{wall_clock_floor(after, berlin)}" == "2026-10-25 02:10:00"
    early = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert f"{wall_clock_floor(early, berlin)}" == "2026-10-25 01:30:00"


def test_a_quarantined_row_that_left_its_state_is_not_accepted_when_it_changes(erp: SqliteErp, poller: Make) -> None:
    erp.add(1, customer=None)
    polled = poller(STATUS)
    polled.poll()
    erp.sql("UPDATE order_header SET state = 'CANCELLED', customer = 'C-1'")
    assert polled.poll().counts.accepted == 0
    erp.sql("UPDATE order_header SET state = 'NEW'")
    assert polled.poll().counts.accepted == 1
