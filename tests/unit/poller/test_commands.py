"""The onboarding commands, on the legacy ERP in SQLite with the application's stores in memory."""

from __future__ import annotations

import io
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.acknowledgements.outbox import OutboxEntry, listener
from chalicelib.adapters.dynamodb.events.first_events import LoadedFirstEvents
from chalicelib.adapters.memory import (
    FixedClock,
    MemoryEventStore,
    MemoryProjection,
    SequentialIds,
)
from chalicelib.adapters.memory.outbox import MemoryOutbox
from chalicelib.domain.errors import Misconfigured, Reason
from chalicelib.domain.events import OrderConfirmed, OrderRejected
from chalicelib.domain.order import order_id
from chalicelib.domain.state import fold
from chalicelib.orders.accept import Intake
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import OrderRow
from local.legacy_erp.database import SOURCE_FILE, LegacyErp
from local.legacy_erp.orders import OrderDesk
from local.legacy_erp.work import Work
from poller.__main__ import parser
from poller.commands.context import CommandContext, Context
from poller.database.connection import connect
from poller.database.secrets import no_secrets
from poller.polling.poll import poll_source
from poller.polling.seen_rows import RecentRows
from poller.polling.services import PollReport, PollServices
from poller.source.file import field_sources, load_source
from poller.state.memory import MemoryFindings, MemorySnapshots, MemoryWatermarks
from poller.write_back.after_poll import Answers
from poller.write_back.outbox import Drained
from tests.support.builders import CUSTOMER, GADGET, WIDGET

DESK = OrderDesk((CUSTOMER,), (WIDGET, GADGET), mistakes_per_1000=0, quotations_per_1000=0)


class NoWorkflow:
    """Starts nothing, in no time: the fake that remembers every start is slow with 50,000 orders."""

    def start(self, order_id: str, correlation_id: str, attempt: int) -> bool:
        return True

    def is_running(self, order_id: str, attempt: int) -> bool:
        return False


class Bench:
    """An ERP, a source file for it, and Orderbridge in memory."""

    def __init__(self, folder: Path, app: OrderDesk = DESK, toml: str = "") -> None:
        self.erp = LegacyErp(folder / "erp.db")
        self.clock = FixedClock(datetime.now(UTC))  # SQLite's own clock is the real one
        self.work = Work(self.erp, app, self.clock)
        self.file = folder / "legacy-erp.toml"
        self.file.write_text(toml or SOURCE_FILE.read_text())
        self.environ = {"LEGACY_ERP_DB": str(self.erp.path), "ORDERBRIDGE_POLLER_SOURCES": str(folder)}
        self.events, self.projection, self.outbox = MemoryEventStore(), MemoryProjection(), MemoryOutbox()
        ids = SequentialIds()
        repository = OrderRepository(self.events, self.clock, ids, "Poller")
        watermarks = MemoryWatermarks()
        self.services = PollServices(
            intake=Intake(repository, NoWorkflow()),
            watermarks=watermarks,
            findings=MemoryFindings(),
            snapshots=MemorySnapshots(watermarks),
            clock=self.clock,
            ids=ids,
            log=logging.getLogger("test"),
            connect=lambda source: connect(source, self.environ),
            connect_writable=lambda source: connect(source, self.environ, writable=True),
        )
        self.stores = CommandContext(
            self.services, self.outbox, repository, self.projection, LoadedFirstEvents(self.events)
        )
        self.answer = ""

    @property
    def answers(self) -> Answers:
        services = self.services
        stores = (self.outbox, self.stores.repository, self.clock, services.ids, services.watermarks)
        return Answers(*stores, services.log, services.connect_writable)

    def command(self, *arguments: str) -> tuple[int, str]:
        """The exit code and what was printed."""
        options = parser().parse_args(arguments)
        out = io.StringIO()
        context = Context(
            lambda: self.stores, self.environ, no_secrets, self.clock.now, out, lambda question: self.answer
        )
        return int(options.run(options, context)), out.getvalue()

    def poll(self) -> PollReport:
        report = poll_source(load_source(self.file), self.services)
        self.project()
        return report

    def project(self) -> None:
        for key in self.events.order_ids():
            self.projection.put(OrderRow.of(fold(self.events.load(key))))

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.erp.path)) as connection, connection:
            return connection.execute(statement, parameters).fetchall()

    @property
    def period(self) -> tuple[str, ...]:
        start, end = self.clock.now() - timedelta(days=1), self.clock.now() + timedelta(days=1)
        return ("--from", start.isoformat(), "--to", end.isoformat())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for memory in bench.services.memory.values():
        if memory.connection is not None:
            memory.connection.close()


# the whole circle


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


# check


def test_check_finds_nothing_wrong_with_the_shipped_source(bench: Bench) -> None:
    bench.work.generate(100)
    code, text = bench.command("check", "legacy-erp")
    assert code == 0, text
    assert "0 problems, 0 warnings" in text
    assert "sample: order 00001000" in text
    assert "does not see a change that leaves AENDTS as it was" in text
    assert "write_back.confirmed: runs, and changes nothing" in text


def edited(bench: Bench, old: str, new: str) -> Bench:
    text = bench.file.read_text()
    assert old in text
    bench.file.write_text(text.replace(old, new))
    return bench


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('customer_id = "KDNR"', 'customer_id = "KUNDNR"', "order.customer_id: there is no column KUNDNR"),
        ('customer_id = "KDNR"', 'customer_id = "KUNDNR"', "did you mean KDNR"),
        ('table = "AUFPOS"', 'table = "AUFPOSI"', "did you mean AUFPOS"),
        ('timezone = "Europe/Berlin"', 'timezone = "America/New_York"', "minutes in the future"),
        ('format = "%Y%m%d%H%M%S"', 'format = "%Y%m%d"', "cursor.format: the newest AENDTS does not fit"),
        ('["implied_decimals:2"]', "[]", "sample orders: the lines do not add up to the total"),
        ('key = ["AUFNR"]\n\n[lines]', 'key = ["KDNR"]\n\n[lines]', "stand in several rows"),
        ("OBGRUND = :confirmation_number", "OBGRUNT = :confirmation_number", "write_back.confirmed: "),
        (":confirmation_number WHERE AUFNR = :external_id", ":confirmation_number WHERE 1 = 1", "needs a WHERE"),
    ],
)
def test_check_names_each_problem_with_its_fix(bench: Bench, old: str, new: str, expected: str) -> None:
    bench.work.generate(50)
    code, text = edited(bench, old, new).command("check", str(bench.file))
    assert code == 1
    assert expected in text
    assert bench.sql("SELECT count(*) FROM AUFKOPF WHERE OBSTATUS <> ' ' OR OBGRUND IS NOT NULL") == [(0,)]


def test_check_warns_of_a_missing_index_of_nulls_and_of_rows_that_cannot_be_mapped(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=300))
    bench.work.generate(60)
    bench.sql("DROP INDEX AUFKOPF_AENDTS")
    code, text = bench.command("check", "legacy-erp")
    assert code == 0
    assert "no index of AUFKOPF begins with AENDTS: every poll reads the whole table" in text
    assert "CREATE INDEX ON AUFKOPF (AENDTS, AUFNR)" in text
    assert "WAEHR is not in the code table currency" in text
    assert "MENGE is not a whole number" in text


def test_check_counts_rows_without_a_key(bench: Bench) -> None:
    """Old schemas declare few keys: here a column that may be NULL is named as one."""
    bench.work.generate(3)
    bench.sql("UPDATE AUFKOPF SET OBID = 'x' WHERE AUFNR = (SELECT min(AUFNR) FROM AUFKOPF)")
    code, text = edited(bench, 'key = ["AUFNR"]\n\n[lines]', 'key = ["OBID"]\n\n[lines]').command("check", "legacy-erp")
    assert code != 0
    assert "2 rows have no OBID and are never read" in text


def test_an_unknown_source_and_an_unset_variable_are_named(bench: Bench) -> None:
    with pytest.raises(Misconfigured, match="known are: legacy-erp"):
        bench.command("check", "nobody")
    del bench.environ["LEGACY_ERP_DB"]
    with pytest.raises(Misconfigured, match="LEGACY_ERP_DB"):
        bench.command("check", "legacy-erp")


# discover


def test_discover_drafts_a_source_that_check_only_has_to_finish(bench: Bench, tmp_path: Path) -> None:
    bench.work.generate(30)
    bench.sql("CREATE TABLE AUFPROT (AUFNR CHAR(10), AENDTS CHAR(14), TEXT CHAR(80))")
    bench.sql("CREATE TABLE KUNDEN (KDNR CHAR(12) PRIMARY KEY, NAME CHAR(35))")
    drafted = tmp_path / "new.toml"
    code, text = bench.command("discover", f"sqlite:{bench.erp.path}", "--name", "old-erp", "--write", str(drafted))
    assert code == 0
    assert "# AUFKOPF with lines in AUFPOS: 17 of 17 fields found" in text
    source = load_source(drafted).source
    assert (source.orders.table, source.lines.table, source.cursor.column) == ("AUFKOPF", "AUFPOS", "AENDTS")
    assert field_sources(source.line)["quantity"].column == "MENGE"
    # What no name can tell, codes and implied decimals, is what check finds.
    code, text = bench.command("check", str(drafted))
    assert code == 1
    assert "ZAHLART is not in the code table payment" in text


def test_discover_says_when_nothing_looks_like_orders(bench: Bench, tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    with closing(sqlite3.connect(empty)) as connection:
        connection.execute("CREATE TABLE weather (day DATE, degrees INTEGER)")
    assert bench.command("discover", f"sqlite:{empty}")[0] == 1


def test_a_password_on_the_command_line_does_not_end_in_the_draft() -> None:
    from poller.commands.discover import without_password

    text = without_password("Driver=PostgreSQL Unicode;UID=me;PWD={s;cret};Server=x;Password=other")
    assert text == "Driver=PostgreSQL Unicode;UID=me;PWD=${env:ERP_PASSWORD};Server=x;Password=${env:ERP_PASSWORD}"
    assert without_password("PWD=${secret:erp#password}") == "PWD=${secret:erp#password}"


# dry-run


def test_dry_run_tells_what_would_happen_and_changes_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=200))
    bench.work.generate(60)
    code, text = bench.command("dry-run", "legacy-erp")
    assert code == 0
    assert "would accept 0000100" in text
    assert "would quarantine" in text
    assert list(bench.events.order_ids()) == []
    assert bench.services.watermarks.load("legacy-erp").floor is None
    assert bench.services.findings.quarantined("legacy-erp", 10) == []
    report = bench.poll()
    assert f"would accept {report.counts.accepted}" in text, "the poll does what the dry run said"
    code, text = bench.command("dry-run", "legacy-erp", "--all")
    assert f"would accept 0, accepted before {report.counts.accepted}" in text


def test_dry_run_shows_rows_that_changed_since(bench: Bench) -> None:
    bench.work.generate(20)
    bench.poll()
    (number,) = bench.sql("SELECT max(AUFNR) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    bench.sql("UPDATE AUFKOPF SET BRUTTO = BRUTTO + 1 WHERE AUFNR = ?", number)
    assert f"changed since it was accepted: {number}: total" in bench.command("dry-run", "legacy-erp")[1]


# status


def test_status_shows_lag_quarantine_changes_and_answers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, replace(DESK, mistakes_per_1000=200))
    assert "never read to the end" in bench.command("status")[1]
    bench.work.generate(40)
    bench.poll()
    bench.clock.advance(600)
    entry = OutboxEntry("legacy-erp", "o-1", "0000100001", "confirmed", bench.clock.now() - timedelta(hours=3), 5)
    bench.outbox.put(entry)
    code, text = bench.command("status")
    assert code == 0
    assert "read to the end 10 min ago" in text
    assert "in quarantine, for example: " in text
    assert "1 wait to be written back, the oldest for 3.0 h" in text
    bench.outbox.park(entry, "the ERP refuses the values: SQLSTATE 22001")
    code, text = bench.command("status")
    assert code == 1
    assert "1 PARKED, for example 0000100001 confirmed: the ERP refuses" in text


def test_status_shows_a_stopped_source(bench: Bench) -> None:
    bench.work.generate(5)
    bench.poll()
    bench.sql("ALTER TABLE AUFKOPF RENAME COLUMN BRUTTO TO BRUTTOWERT")
    assert bench.poll().outcome == "schema-changed"
    code, text = bench.command("status")
    assert code == 1
    assert "STOPPED" in text
    assert "BRUTTO" in text


# reset


def test_reset_asks_moves_the_watermark_and_can_be_undone(bench: Bench) -> None:
    bench.work.generate(30)
    bench.poll()
    before = bench.services.watermarks.load("legacy-erp")
    bench.answer = "no"
    assert bench.command("reset", "legacy-erp", "--to", "beginning")[0] == 1
    assert bench.services.watermarks.load("legacy-erp") == before
    bench.answer = "legacy-erp"
    code, text = bench.command("reset", "legacy-erp", "--to", "beginning")
    assert (code, "everything before the beginning is settled" in text) == (0, True)
    assert bench.services.watermarks.load("legacy-erp").floor is None
    bench.services.memory.clear()
    report = bench.poll()
    assert (report.counts.accepted, report.counts.replayed) == (0, report.counts.read)
    code, text = bench.command("reset", "legacy-erp", "--history")
    assert "  2: everything before" in text
    assert bench.command("reset", "legacy-erp", "--undo", "2", "--yes")[0] == 0
    assert bench.services.watermarks.load("legacy-erp").floor == before.floor


def test_reset_to_now_skips_what_is_there(bench: Bench) -> None:
    bench.work.generate(10)
    bench.sql("UPDATE AUFKOPF SET AENDTS = '20260101120000'")
    assert bench.command("reset", "legacy-erp", "--to", "now", "--yes")[0] == 0
    assert bench.poll().counts.read == 0
    bench.work.generate(3)
    assert bench.poll().counts.accepted == 3


def test_reset_to_a_value_reads_from_there_and_fences_a_poller_off(bench: Bench) -> None:
    bench.work.generate(10)
    watermarks = bench.services.watermarks
    lease = watermarks.acquire("legacy-erp", "somebody", bench.clock.now(), timedelta(minutes=5))
    assert lease is not None
    assert bench.command("reset", "legacy-erp", "--to", "20260101000000", "--yes")[0] == 0
    with pytest.raises(Exception, match="taken over"):
        watermarks.save(lease, watermarks.load("legacy-erp"), bench.clock.now())
    assert bench.poll().counts.accepted >= 9
    with pytest.raises(Misconfigured, match="in the history"):
        bench.command("reset", "legacy-erp", "--undo", "99")


# backfill


def test_backfill_accepts_a_period_without_touching_the_cursor(bench: Bench) -> None:
    bench.work.generate(40)
    (count,) = bench.sql("SELECT count(*) FROM AUFKOPF WHERE LOEKZ = ' '")[0]
    bench.command("reset", "legacy-erp", "--to", "now", "--yes")
    bench.sql("UPDATE AUFKOPF SET AUFDAT = 20260102 WHERE AUFNR <= '0000100010'")
    before = bench.services.watermarks.load("legacy-erp")
    code, text = bench.command("backfill", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-03")
    (old,) = bench.sql("SELECT count(*) FROM AUFKOPF WHERE LOEKZ = ' ' AND AUFDAT = 20260102")[0]
    assert code == 0
    assert f"read {count}, accepted {old}, accepted before 0" in text
    assert f"outside the period {count - old}" in text
    assert len(list(bench.events.order_ids())) == old
    assert bench.services.watermarks.load("legacy-erp") == before
    code, text = bench.command("backfill", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-03")
    assert f"accepted 0, accepted before {old}" in text


def test_backfill_of_single_keys(bench: Bench) -> None:
    bench.work.generate(5)
    code, _text = bench.command("backfill", "legacy-erp", "--key", "0000100001", "--key", "0000100002")
    assert (code, len(list(bench.events.order_ids()))) == (0, 2)
    assert bench.command("backfill", "legacy-erp")[0] == 2
    assert bench.command("backfill", "legacy-erp", "--key", "4711")[0] == 1


# reconcile


def test_reconcile_names_missing_extra_different_and_unmappable_orders_with_their_stage(bench: Bench) -> None:
    bench.work.generate(60)
    live = [n for (n,) in bench.sql("SELECT AUFNR FROM AUFKOPF WHERE LOEKZ = ' ' ORDER BY AUFNR")]
    deleted, changed, broken, late, fresh = live[:5]
    bench.sql("UPDATE AUFKOPF SET LOEKZ = 'X' WHERE AUFNR IN (?, ?)", late, fresh)
    bench.poll()
    assert bench.command("reconcile", "legacy-erp", *bench.period)[0] == 0
    bench.sql("DELETE FROM AUFKOPF WHERE AUFNR = ?", deleted)
    bench.sql("UPDATE AUFPOS SET MENGE = MENGE + 1000 WHERE AUFNR = ?", changed)
    bench.sql("UPDATE AUFKOPF SET WAEHR = '99' WHERE AUFNR = ?", broken)
    bench.sql("UPDATE AUFKOPF SET LOEKZ = ' ' WHERE AUFNR IN (?, ?)", late, fresh)
    bench.sql("UPDATE AUFKOPF SET AENDTS = '20260101000000' WHERE AUFNR = ?", late)
    code, text = bench.command("reconcile", "legacy-erp", *bench.period)
    assert code == 1
    *findings, summary = text.splitlines()
    found = {line.split()[1]: line for line in findings}
    assert len(findings) == len(found) == 5
    assert found[deleted].startswith(f"extra      {deleted} ({order_id('legacy-erp', deleted)}) RECEIVED: accepted")
    assert found[changed].startswith("different  ")
    assert "RECEIVED: lines[" in found[changed]
    assert found[broken].startswith("unmappable ")
    assert "column WAEHR" in found[broken]
    assert found[late].startswith("missing    ")
    assert "passed over: it became visible too late; backfill it" in found[late]
    assert found[fresh].endswith("not read yet")
    assert summary.endswith("here: 1 different, 1 extra, 2 missing, 1 unmappable")
    # The advice works: what was passed over is backfilled, the rest is read by the next poll.
    assert bench.command("backfill", "legacy-erp", "--key", late)[0] == 0
    bench.poll()
    assert "missing" not in bench.command("reconcile", "legacy-erp", *bench.period)[1]


def test_reconcile_looks_at_its_period_only(bench: Bench) -> None:
    bench.work.generate(20)
    bench.poll()
    bench.work.generate(20)
    code, text = bench.command("reconcile", "legacy-erp", "--from", "2026-01-01", "--to", "2026-01-02")
    assert (code, text.strip()) == (0, "0 orders in the ERP, 0 here: both sides agree")


def test_reconcile_finds_7_removed_and_3_changed_of_50000(tmp_path: Path) -> None:
    """Acceptance: on SQLite with the stores in memory. How long it takes is measured by the bench, not here."""
    bench = Bench(tmp_path)
    fill(bench, 50_000)
    assert bench.poll().counts.accepted == 50_000
    removed = [f"{number:010}" for number in (1, 4_999, 5_000, 25_000, 25_001, 49_999, 50_000)]
    changed = [f"{number:010}" for number in (2, 1_000, 49_000)]
    for number in removed:
        bench.sql("DELETE FROM AUFKOPF WHERE AUFNR = ?", number)
    for number in changed:
        bench.sql("UPDATE AUFKOPF SET LNAME = 'Somebody else' WHERE AUFNR = ?", number)
    report = tmp_path / "report.csv"
    code, text = bench.command("reconcile", "legacy-erp", *bench.period, "--csv", str(report))
    assert code == 1
    assert text.splitlines()[-1] == "49993 orders in the ERP, 50000 here: 3 different, 7 extra"
    found = [line.split(",")[:2] for line in report.read_text().splitlines()[1:]]
    assert sorted(found) == sorted([["extra", n] for n in removed] + [["different", n] for n in changed])
    assert "Somebody" not in report.read_text()


def fill(bench: Bench, count: int) -> None:
    """Plain orders in bulk, all alike."""
    token, city = f"{'pm_card_visa':<40}", "Köln".encode("cp273")
    header = (int(f"{bench.clock.now():%Y%m%d}"), token, city)
    keys = [f"{number:010}" for number in range(1, count + 1)]
    with closing(sqlite3.connect(bench.erp.path)) as connection, connection:
        connection.executemany(
            "INSERT INTO AUFKOPF (AUFNR, AUFART, KDNR, AUFDAT, AUFZEI, WAEHR, ZAHLART, ZTOKEN, BRUTTO, LNAME, LSTRASSE,"
            " LPLZ, LORT, LLAND, ANZPOS, AENDTS) VALUES (?, 'A', 'C-1001', ?, 1, '01', 'KK', ?, 1250, 'Nordlicht',"
            " 'Hafen 1', '50667', ?, 'D', 1, '20260101120000')",
            ((key, *header) for key in keys),
        )
        connection.executemany(
            "INSERT INTO AUFPOS (AUFNR, POSNR, ARTNR, MENGE, EPREIS, MWSTKZ)"
            " VALUES (?, 10, 'WIDGET-1', 1000, 125000, '0')",
            ((key,) for key in keys),
        )
