"""What database drivers raise, as errors of the domain: wait, stop for the schema, or fix the configuration."""

from __future__ import annotations

import re
import sqlite3
import sys

from chalicelib.domain.errors import DependencyTimeout, DependencyUnavailable, Misconfigured
from poller.errors import SchemaChanged, UnreadableValue

_GONE = re.compile(
    r"no such (table|column)|ORA-0090[24]|ORA-00942|unknown column|invalid (column|object) name"
    r"|doesn't exist|does not exist|SQL0204|SQL0206|SQL-20[46]",
    re.IGNORECASE,
)
_GONE_STATES = frozenset({"42S02", "42S22", "42703", "42P01"})
_TIMEOUT_STATES = frozenset({"HYT00", "HYT01", "57014", "HY008", "70100"})
_LOGIN_STATES = frozenset({"28000", "28P01", "IM002", "IM003", "01000", "08004"})


def driver_error_types() -> tuple[type[Exception], ...]:
    """The base errors of the drivers that are loaded; asking for pyodbc's must not import it."""
    pyodbc = sys.modules.get("pyodbc")
    return (sqlite3.Error,) if pyodbc is None else (sqlite3.Error, pyodbc.Error)


def odbc_error(error: BaseException, source: str) -> Exception:
    """By SQLSTATE, then by the text of those drivers that report everything as HY000."""
    state = str(error.args[0]) if error.args else ""
    text = _first_line(str(error.args[1]) if len(error.args) > 1 else str(error))
    dependency = f"ERP {source}"
    if state in _GONE_STATES or (state in ("42000", "HY000") and _GONE.search(text)):
        return SchemaChanged(source, text)
    if state in _TIMEOUT_STATES or "max_statement_time" in text:
        return DependencyTimeout(dependency, f"SQLSTATE {state}")
    if state in _LOGIN_STATES:
        return Misconfigured(f"{dependency} cannot be opened (SQLSTATE {state}): check driver, name and password")
    if state.startswith("42") or state in ("07001", "07002", "07006", "25006"):
        return Misconfigured(f"{dependency} refuses the SQL of its source file (SQLSTATE {state}): {text}")
    if state.startswith("22"):
        return Misconfigured(f"{dependency} cannot evaluate the query (SQLSTATE {state}): a value does not convert")
    return DependencyUnavailable(dependency, f"SQLSTATE {state or 'unknown'}")


def sqlite_error(error: BaseException, source: str) -> Exception:
    text = _first_line(str(error))
    dependency = f"ERP {source}"
    if "decode" in text:
        return UnreadableValue("UnicodeDecodeError")
    if _GONE.search(text):
        return SchemaChanged(source, text)
    if "interrupted" in text:
        return DependencyTimeout(dependency, "the statement took too long")
    if "syntax error" in text or "readonly" in text or "incorrect number" in text.lower():
        return Misconfigured(f"{dependency} refuses the SQL of its source file: {text}")
    return DependencyUnavailable(dependency, text)


def _first_line(text: str) -> str:
    """Names tables and columns, never values: those stand in later lines (DETAIL, CONTEXT)."""
    return text.split("\n", 1)[0][:300]
