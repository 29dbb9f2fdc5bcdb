"""What an ERP database says about its own tables: columns, keys, indexes. For `check` and `discover`; reads no rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from poller.database import driver_errors
from poller.database.secrets import no_secrets, resolve
from poller.source.model import Connection

MAX_TABLES = 5_000


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """`type` as the database calls it, in lower case. `nullable` is what is declared."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class TableInfo:
    """`name` as it is written in SQL (with its schema unless that is the default). Indexes: their columns, in order."""

    name: str
    columns: tuple[ColumnInfo, ...]
    primary_key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> ColumnInfo | None:
        """Names differ in case between a source file and a catalogue."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)

    def starts_an_index(self, name: str) -> bool:
        firsts = [columns[0] for columns in (self.primary_key, *self.indexes) if columns]
        return name.lower() in (first.lower() for first in firsts)


class Catalogue(Protocol):
    """The tables of one database."""

    dialect: str

    def table_names(self) -> Sequence[str]: ...

    def table(self, name: str) -> TableInfo | None:
        """None if there is no such table or view."""
        ...

    def close(self) -> None: ...


def open_catalogue(
    connection: Connection, environ: Mapping[str, str], secret: Callable[[str], str] = no_secrets, name: str = "new"
) -> Catalogue:
    """Raises Misconfigured, DependencyUnavailable."""
    if connection.sqlite is not None:
        try:
            return SqliteCatalogue(sqlite3.connect(resolve(connection.sqlite, environ, secret)))
        except sqlite3.Error as error:
            raise driver_errors.sqlite_error(error, name) from error
    import pyodbc  # only here: see connection.py

    assert connection.odbc is not None
    text = resolve(connection.odbc, environ, secret)
    try:
        return OdbcCatalogue(pyodbc.connect(text, autocommit=True, timeout=connection.login_timeout_s))
    except pyodbc.Error as error:
        raise driver_errors.odbc_error(error, name) from error


class SqliteCatalogue:
    """From SQLite's own tables."""

    dialect = "sqlite"

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def table_names(self) -> Sequence[str]:
        sql = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND substr(name, 1, 7) <> 'sqlite_'"
        return [str(name) for (name,) in self._raw.execute(sql)]

    def table(self, name: str) -> TableInfo | None:
        rows = self._raw.execute("SELECT name, type, [notnull], pk FROM pragma_table_info(?)", (name,)).fetchall()
        if not rows:
            return None
        columns = tuple(ColumnInfo(str(c), str(t).lower(), not required) for c, t, required, _ in rows)
        key = tuple(str(c) for c, _, _, position in sorted(rows, key=lambda row: int(row[3])) if position)
        indexes = [str(row[0]) for row in self._raw.execute("SELECT name FROM pragma_index_list(?)", (name,))]
        return TableInfo(name, columns, key, tuple(self._index(index) for index in indexes))

    def close(self) -> None:
        self._raw.close()

    def _index(self, name: str) -> tuple[str, ...]:
        rows = self._raw.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,))
        return tuple(str(column) for (column,) in rows if column is not None)


_DIALECTS = {"postgresql": "postgresql", "mariadb": "mariadb", "mysql": "mariadb", "microsoft sql server": "sqlserver"}
_SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "pg_toast", "sys", "mysql", "performance_schema"})


class OdbcCatalogue:
    """From the driver's catalogue functions, which every ODBC driver has to offer."""

    def __init__(self, raw: Any) -> None:
        import pyodbc

        self._raw = raw
        product = str(raw.getinfo(pyodbc.SQL_DBMS_NAME)).lower()
        named = [dialect for name, dialect in _DIALECTS.items() if name in product]
        self.dialect = named[0] if named else "oracle" if "oracle" in product else "generic"
        self._default_schema = {"postgresql": "public", "sqlserver": "dbo"}.get(self.dialect, "")

    def table_names(self) -> Sequence[str]:
        with closing(self._raw.cursor()) as cursor:
            found = [
                self._written(str(row.table_schem or ""), str(row.table_name))
                for row in cursor.tables().fetchmany(MAX_TABLES)
                if str(row.table_type).upper() in ("TABLE", "BASE TABLE", "VIEW")
                and str(row.table_schem or "").lower() not in _SYSTEM_SCHEMAS
            ]
        return sorted(found)

    def table(self, name: str) -> TableInfo | None:
        place = self._place(name)
        with closing(self._raw.cursor()) as cursor:
            columns = tuple(
                ColumnInfo(str(row.column_name), str(row.type_name).lower(), bool(row.nullable))
                for row in cursor.columns(**place)
            )
            if not columns:
                return None
            key_rows = sorted(cursor.primaryKeys(**place), key=lambda row: int(row.key_seq))
            key = tuple(str(row.column_name) for row in key_rows)
            return TableInfo(name, columns, key, self._indexes(cursor, place))

    def close(self) -> None:
        self._raw.close()

    def _indexes(self, cursor: Any, place: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
        indexes: dict[str, dict[int, str]] = {}
        for row in cursor.statistics(**place, quick=True):
            if row.column_name is not None and row.index_name is not None:
                indexes.setdefault(str(row.index_name), {})[int(row.ordinal_position)] = str(row.column_name)
        return tuple(tuple(columns[place] for place in sorted(columns)) for columns in indexes.values())

    def _written(self, schema: str, table: str) -> str:
        return table if schema.lower() in ("", self._default_schema) else f"{schema}.{table}"

    def _place(self, name: str) -> dict[str, str]:
        """Catalogue functions take names as they are stored."""
        schema, _, table = name.replace('"', "").replace("`", "").replace("[", "").replace("]", "").rpartition(".")
        schema = schema or self._default_schema
        return {"table": table, **({"schema": schema} if schema and self.dialect != "mariadb" else {})}
