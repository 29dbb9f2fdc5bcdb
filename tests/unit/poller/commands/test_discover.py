"""discover: a draft of a source file from what the database shows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from poller.source.file import field_sources, load_source
from tests.support.poller.onboarding import Bench, bench

__all__ = ["bench"]


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
