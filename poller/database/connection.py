"""One connection to an ERP database, over pyodbc or the standard library's sqlite3, with the errors of the domain.

Statements use `?`. Reading happens in short transactions of one page each; `end()` closes the page's snapshot.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.mapping.values import Value
from poller.database import driver_errors
from poller.database.dialects import DIALECTS
from poller.database.secrets import no_secrets, resolve
from poller.errors import UnreadableValue
from poller.source.model import Source

Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Columns (name, type name or "") and all rows of a query."""

    columns: tuple[tuple[str, str], ...]
    rows: Sequence[Row]


class ErpConnection:
    """A DB-API connection with its source's session settings. Not for use by several threads at once."""

    def __init__(self, raw: Any, source: Source, translate: Callable[[BaseException, str], Exception]) -> None:
        self._raw = raw
        self._translate = translate
        self.source_name = source.name

    def query(self, sql: str, parameters: Sequence[Value] = ()) -> QueryResult:
        """Run a SELECT and fetch everything: the statement itself bounds the rows.

        Raises SchemaChanged, Misconfigured, DependencyTimeout, DependencyUnavailable, UnreadableValue.
        """
        try:
            cursor = self._raw.cursor()
            try:
                cursor.execute(sql, tuple(parameters))
                columns = tuple((column[0], getattr(column[1], "__name__", "")) for column in cursor.description)
                return QueryResult(columns, cursor.fetchall())
            finally:
                cursor.close()
        except (UnicodeDecodeError, ValueError, OverflowError) as error:
            raise UnreadableValue(type(error).__name__) from error
        except driver_errors.driver_error_types() as error:
            raise self._translate(error, self.source_name) from error

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        """Run one other statement; the number of rows it changed, -1 if the driver does not say. Raises as query()."""
        try:
            cursor = self._raw.cursor()
            try:
                cursor.execute(sql, tuple(parameters))
                return int(cursor.rowcount)
            finally:
                cursor.close()
        except driver_errors.driver_error_types() as error:
            raise self._translate(error, self.source_name) from error

    def commit(self) -> None:
        """Make the changes since the last commit permanent. Raises as query()."""
        try:
            self._raw.commit()
        except driver_errors.driver_error_types() as error:
            raise self._translate(error, self.source_name) from error

    def end(self) -> None:
        """Close the snapshot, undoing what was not committed. Raises as query()."""
        try:
            self._raw.rollback()
        except driver_errors.driver_error_types() as error:
            raise self._translate(error, self.source_name) from error

    def close(self) -> None:
        """Never fails: a connection that is gone is as good as closed."""
        try:
            self._raw.close()
        except driver_errors.driver_error_types():
            return


def connect(
    source: Source,
    environ: Mapping[str, str] = os.environ,
    secret: Callable[[str], str] = no_secrets,
    writable: bool = False,
) -> ErpConnection:
    """Connect and prepare the session: read-only (unless `writable`), statement timeout, time zone, isolation.

    `secret` resolves `${secret:...}`. Raises Misconfigured, DependencyUnavailable, DependencyTimeout.
    """
    spec = source.connection
    if spec.sqlite is not None:
        connection = _sqlite(source, resolve(spec.sqlite, environ, secret))
    else:
        assert spec.odbc is not None
        connection = _odbc(source, resolve(spec.odbc, environ, secret))
    try:
        for sql in DIALECTS[source.dialect].session_sql(spec.statement_timeout_s, spec.read_only and not writable):
            connection.execute(sql)
        connection.commit()
    except Exception:
        connection.close()
        raise
    return connection


def _sqlite(source: Source, path: str) -> ErpConnection:
    if not path.startswith("file:") and not os.path.exists(path):
        raise DependencyUnavailable(f"ERP {source.name}", "the SQLite file does not exist")
    try:
        raw = sqlite3.connect(
            path, timeout=source.connection.statement_timeout_s, uri=path.startswith("file:"), check_same_thread=False
        )
    except sqlite3.Error as error:
        raise driver_errors.sqlite_error(error, source.name) from error
    if source.connection.encoding not in (None, "utf-8"):
        raw.text_factory = lambda data: data.decode(source.connection.encoding)
    raw.isolation_level = None
    return _SqliteConnection(raw, source, driver_errors.sqlite_error)


class _SqliteConnection(ErpConnection):
    """sqlite3 opens transactions only for changes; reading a page needs one too, or its statements disagree.

    It has no statement timeout either: a timer interrupts the statement.
    """

    def __init__(self, raw: Any, source: Source, translate: Callable[[BaseException, str], Exception]) -> None:
        super().__init__(raw, source, translate)
        self._timeout_s = source.connection.statement_timeout_s

    def query(self, sql: str, parameters: Sequence[Value] = ()) -> QueryResult:
        self._begin()
        timer = threading.Timer(self._timeout_s, self._raw.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return super().query(sql, parameters)
        finally:
            timer.cancel()

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> int:
        if not sql.startswith("PRAGMA"):
            self._begin()
        return super().execute(sql, parameters)

    def _begin(self) -> None:
        if not self._raw.in_transaction:
            super().execute("BEGIN")


def _odbc(source: Source, text: str) -> ErpConnection:
    import pyodbc  # only here: without libodbc on the machine the import itself fails

    pyodbc.pooling = False
    try:
        raw = pyodbc.connect(text, autocommit=False, timeout=source.connection.login_timeout_s)
    except pyodbc.Error as error:
        raise driver_errors.odbc_error(error, source.name) from error
    encoding = source.connection.encoding
    if encoding is not None:
        raw.setdecoding(pyodbc.SQL_CHAR, encoding=codecs.lookup(encoding).name)
        raw.setencoding(encoding=codecs.lookup(encoding).name)
    if not DIALECTS[source.dialect].has_statement_timeout:
        with contextlib.suppress(pyodbc.Error):  # a driver without timeouts is used without
            raw.timeout = source.connection.statement_timeout_s
    return ErpConnection(raw, source, driver_errors.odbc_error)
