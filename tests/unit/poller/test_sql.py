"""The SQL generated for databases that the tests cannot start, SQL Server and Oracle, is checked by a parser."""

from __future__ import annotations

import pytest
import sqlglot

from poller.database.dialects import DIALECTS
from poller.database.keyset import Bound
from poller.database.queries import Queries, Select
from poller.polling.cursors import cursor_columns, cursor_mode
from poller.source.file import parse_source
from poller.source.model import Source
from tests.support.poller.erp import MAPPING, source_text

CURSORS = {
    "timestamp": 'mode = "timestamp+id"\ncolumn = "changed_at"\ntype = "timestamp"',
    "timestamptz": 'mode = "timestamp+id"\ncolumn = "changed_at"\ntype = "timestamptz"',
    "datetime": 'mode = "timestamp+id"\ncolumn = "changed_at"\ntype = "datetime"',
    "date": 'mode = "timestamp+id"\ncolumn = "changed_at"\ntype = "date"',
    "id": 'mode = "id"\ncolumn = "order_no"',
    "rowversion": 'mode = "rowversion"\ncolumn = "rv"\ncap_query = "SELECT MAX(rv) FROM t"',
    "status": 'mode = "status-flag"\ncolumn = "state"\nstates = ["NEW", "CHANGED"]',
}
COMPOSITE = MAPPING.replace('key = ["order_no"]', 'key = ["company", "order no", "kind"]', 1).replace(
    'table = "order_line"\nkey = ["order_no"]', 'table = "order_line"\nkey = ["company", "order no", "kind"]'
)


def source(dialect: str, cursor: str, mapping: str = MAPPING) -> Source:
    return parse_source(source_text('odbc = "Driver=x"', cursor, dialect, mapping)).source


def statements(found: Source) -> list[str]:
    """Every kind of statement that the poller sends for a source."""
    queries = Queries(found, cursor_columns(found))
    mode = cursor_mode(found)
    key = tuple("A1" for _ in found.orders.key)
    position = tuple("x" for _ in mode.select.columns)
    narrowed = mode.select.where(f"{mode.select.columns[0].sql} < {mode.select.columns[0].param}", "x")
    generated = [
        queries.page(mode.select, None, 500),
        queries.page(narrowed, Bound(position), 500),
        queries.page(mode.select, Bound(position[:1], inclusive=True), 500),
        queries.page(mode.select, None, 1, columns=(), descending=True),
        queries.page(Select(queries.key_columns()), Bound(key), 500),
        queries.by_keys([key, key]),
        queries.lines_of([key, key, key]),
    ]
    for sql, parameters in generated:
        assert sql.count("?") == len(parameters), sql
    dialect = DIALECTS[found.dialect]
    return [sql for sql, _ in generated] + [sql for sql in (dialect.clock_sql, dialect.cap_sql) if sql]


@pytest.mark.parametrize("dialect", ["sqlserver", "oracle", "postgresql", "mariadb", "sqlite", "generic"])
@pytest.mark.parametrize("mapping", [MAPPING, COMPOSITE], ids=["single", "composite"])
@pytest.mark.parametrize("cursor", CURSORS)
def test_every_statement_is_one_the_dialect_parses(dialect: str, cursor: str, mapping: str) -> None:
    for sql in statements(source(dialect, CURSORS[cursor], mapping)):
        (parsed,) = sqlglot.parse(sql, read=DIALECTS[dialect].sqlglot or None)
        assert parsed is not None
        assert parsed.key == "select", sql


def test_sql_server_compares_in_the_columns_own_type_and_at_full_precision() -> None:
    found = source("sqlserver", CURSORS["timestamp"])
    first, after = statements(found)[:2]
    assert first.startswith("SELECT TOP (500) order_no AS ob_0, CONVERT(varchar(33), changed_at, 121) AS ob_1")
    assert "changed_at >= CAST(? AS datetime2(7))" in after
    assert after.endswith("ORDER BY changed_at, order_no")
    assert "CONVERT(datetime, ?, 121)" in statements(source("sqlserver", CURSORS["datetime"]))[1]


def test_rowversion_on_sql_server_is_capped_by_the_oldest_open_transaction() -> None:
    found = source("sqlserver", 'mode = "rowversion"\ncolumn = "rv"')
    assert DIALECTS["sqlserver"].cap_sql == "SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1)"
    assert "rv < CONVERT(binary(8), ?, 1)" in statements(found)[1]


def test_oracle_binds_times_by_format_and_fetches_first() -> None:
    after = statements(source("oracle", CURSORS["timestamp"]))[1]
    assert "changed_at >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS.FF9')" in after
    assert after.endswith("FETCH FIRST 500 ROWS ONLY")


@pytest.mark.parametrize("dialect", ["sqlserver", "oracle", "postgresql", "mariadb"])
def test_session_settings_parse(dialect: str) -> None:
    for sql in DIALECTS[dialect].session_sql(30, read_only=True):
        sqlglot.parse_one(sql, read=DIALECTS[dialect].sqlglot)


def test_names_that_need_quotes_get_those_of_the_database() -> None:
    quoted = {name: dialect.name_of("order no") for name, dialect in DIALECTS.items()}
    assert quoted["sqlserver"] == quoted["sqlite"] == "[order no]"
    assert quoted["mariadb"] == "`order no`"
    assert quoted["postgresql"] == quoted["oracle"] == '"order no"'
    assert DIALECTS["oracle"].name_of("sales.ORDERS") == "sales.ORDERS"
    assert DIALECTS["oracle"].name_of('"Order"') == '"Order"'
