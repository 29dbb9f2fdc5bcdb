"""What differs between databases: quoting, limiting, clocks, cursor values as text, session settings.

Cursor values travel as text at the database's own precision (`datetime2(7)` keeps its seven digits); no Python datetime
ever stands between a row and the condition that continues after it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$#@]*\Z")
_QUOTED_NAME = re.compile(r'("[^"]+"|`[^`]+`|\[[^\]]+\])\Z')


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    `clock_sql` gives the time in UTC as text (`2026-11-23 10:15:00.123456`); `horizon_sql` two numbers: which
    transaction comes next and which is the oldest still open (equal if none is). `as_text` and `as_param` hold a format
    per cursor type, with `{}` for the column.
    """

    name: str
    sqlglot: str
    quotes: tuple[str, str]
    limit: Literal["limit", "top", "fetch"]
    clock_sql: str
    as_text: Mapping[str, str] = field(default_factory=dict)
    as_param: Mapping[str, str] = field(default_factory=dict)
    session: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    horizon_sql: str = ""
    cap_sql: str = ""
    rowversion_text: str = "{}"
    rowversion_param: str = "?"
    strip_keys: bool = False
    max_parameters: int = 500

    def name_of(self, identifier: str) -> str:
        """A column or `schema.table` for use in SQL: plain names keep the database's own case rules."""
        if _QUOTED_NAME.match(identifier) or _PLAIN_NAME.match(identifier):
            return identifier
        if all(_PLAIN_NAME.match(part) or _QUOTED_NAME.match(part) for part in identifier.split(".")):
            return identifier
        opening, closing = self.quotes
        return f"{opening}{identifier.replace(closing, closing * 2)}{closing}"

    def limited(self, select: str, rows: int) -> str:
        """`select` (beginning with SELECT, ordered) bounded to `rows` rows."""
        if self.limit == "top":
            return f"SELECT TOP ({rows}){select.removeprefix('SELECT')}"
        return select + (f" LIMIT {rows}" if self.limit == "limit" else f" FETCH FIRST {rows} ROWS ONLY")

    def stamp_as_text(self, column: str, kind: str) -> str:
        return self.as_text.get(kind, "{}").format(self.name_of(column))

    def stamp_param(self, kind: str) -> str:
        return self.as_param.get(kind, "?")

    @property
    def has_statement_timeout(self) -> bool:
        """Whether the session's own settings bound each statement; else the driver is asked to."""
        return any("statement" in sql and "{" in sql for sql in self.session)

    def session_sql(self, statement_timeout_s: int, read_only: bool) -> tuple[str, ...]:
        """What is sent once after connecting."""
        wanted = self.session + (self.read_only if read_only else ())
        return tuple(sql.format(seconds=statement_timeout_s, ms=statement_timeout_s * 1000) for sql in wanted)


_POSTGRESQL = Dialect(
    name="postgresql",
    sqlglot="postgres",
    quotes=('"', '"'),
    limit="limit",
    clock_sql="SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    as_text={"timestamp": "CAST({} AS text)", "timestamptz": "CAST({} AS text)", "date": "CAST({} AS text)"},
    as_param={
        "timestamp": "CAST(? AS timestamp)",
        "timestamptz": "CAST(? AS timestamptz)",
        "date": "CAST(? AS date)",
    },
    session=(
        "SET DateStyle TO 'ISO, YMD'",
        "SET TIME ZONE 'UTC'",
        "SET statement_timeout TO {ms}",
        "SET lock_timeout TO {ms}",
        "SET idle_in_transaction_session_timeout TO 60000",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ),
    read_only=("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
    # The snapshot's xmax is not the next transaction: those that run beyond it are unknown to the snapshot. age() tells
    # how far the next one is away. txid_* instead of pg_*: known since 8.3, and prepared transactions count.
    horizon_sql=(
        "SELECT later + age(CAST(CAST(later % 4294967296 AS text) AS xid)), earlier FROM (SELECT"
        " txid_snapshot_xmax(txid_current_snapshot()) AS later,"
        " txid_snapshot_xmin(txid_current_snapshot()) AS earlier) s"
    ),
    strip_keys=True,
)

_MARIADB = Dialect(
    name="mariadb",
    sqlglot="mysql",
    quotes=("`", "`"),
    limit="limit",
    clock_sql="SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)",
    as_text={"timestamp": "CAST({} AS CHAR)", "timestamptz": "CAST({} AS CHAR)", "date": "CAST({} AS CHAR)"},
    as_param={
        "timestamp": "CAST(? AS DATETIME(6))",
        "timestamptz": "CAST(? AS DATETIME(6))",
        "date": "CAST(? AS DATE)",
    },
    session=(
        "SET SESSION time_zone = '+00:00'",
        "SET SESSION max_statement_time = {seconds}",
        "SET SESSION innodb_lock_wait_timeout = {seconds}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    ),
    read_only=("SET SESSION TRANSACTION READ ONLY",),
    # Transactions are known by their age in seconds: the server reports when each began, in its own time zone.
    horizon_sql=(
        "SELECT UNIX_TIMESTAMP(), UNIX_TIMESTAMP() - COALESCE((SELECT 1 + MAX(TIMESTAMPDIFF(SECOND, trx_started,"
        " CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM'))) FROM information_schema.innodb_trx"
        " WHERE trx_mysql_thread_id <> CONNECTION_ID() AND trx_is_read_only = 0), 0)"
    ),
)

_SQLSERVER = Dialect(
    name="sqlserver",
    sqlglot="tsql",
    quotes=("[", "]"),
    limit="top",
    clock_sql="SELECT CONVERT(varchar(27), SYSUTCDATETIME(), 121)",
    as_text={
        "timestamp": "CONVERT(varchar(33), {}, 121)",
        "timestamptz": "CONVERT(varchar(40), SWITCHOFFSET({}, 0), 121)",
        "datetime": "CONVERT(varchar(23), {}, 121)",
        "date": "CONVERT(varchar(10), {}, 23)",
    },
    as_param={
        "timestamp": "CAST(? AS datetime2(7))",
        "timestamptz": "CAST(? AS datetimeoffset(7))",
        # In the column's own type: compared as datetime2, a datetime's thirds of a hundredth would never be equal.
        "datetime": "CONVERT(datetime, ?, 121)",
        "date": "CAST(? AS date)",
    },
    session=(
        "SET DATEFORMAT ymd",
        "SET LOCK_TIMEOUT {ms}",
        "SET DEADLOCK_PRIORITY LOW",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    ),
    cap_sql="SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1)",
    rowversion_text="CONVERT(varchar(18), {}, 1)",
    rowversion_param="CONVERT(binary(8), ?, 1)",
)

_ORACLE = Dialect(
    name="oracle",
    sqlglot="oracle",
    quotes=('"', '"'),
    limit="fetch",
    clock_sql="SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.FF6') FROM DUAL",
    as_text={
        "timestamp": "TO_CHAR({}, 'YYYY-MM-DD HH24:MI:SS.FF9')",
        "timestamptz": "TO_CHAR(SYS_EXTRACT_UTC({}), 'YYYY-MM-DD HH24:MI:SS.FF9')",
        "date": "TO_CHAR({}, 'YYYY-MM-DD HH24:MI:SS')",
    },
    as_param={
        "timestamp": "TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS.FF9')",
        "timestamptz": "FROM_TZ(TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS.FF9'), 'UTC')",
        "date": "TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS')",
    },
    session=("ALTER SESSION SET TIME_ZONE = 'UTC'", "ALTER SESSION SET ISOLATION_LEVEL = SERIALIZABLE"),
)

_SQLITE = Dialect(
    name="sqlite",
    sqlglot="sqlite",
    quotes=("[", "]"),
    limit="limit",
    clock_sql="SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')",
    session=(),
    read_only=("PRAGMA query_only = ON",),
)

_GENERIC = Dialect(
    name="generic",
    sqlglot="",
    quotes=('"', '"'),
    limit="fetch",
    clock_sql="",
    as_text=dict.fromkeys(("timestamp", "timestamptz", "date"), "CAST({} AS VARCHAR(40))"),
    as_param={"timestamp": "CAST(? AS TIMESTAMP)", "timestamptz": "CAST(? AS TIMESTAMP)", "date": "CAST(? AS DATE)"},
)

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect for dialect in (_POSTGRESQL, _MARIADB, _SQLSERVER, _ORACLE, _SQLITE, _GENERIC)
}
"""By the name that source files use."""
