"""A source under test, and what is found about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from poller.database.catalogue import Catalogue, TableInfo
from poller.database.connection import ErpConnection
from poller.database.dialects import DIALECTS
from poller.database.queries import Queries
from poller.polling.cursors import cursor_columns
from poller.source.model import Rows, Source

CLOCK_TOLERANCE = timedelta(minutes=2)


class Level(StrEnum):
    """PROBLEM: must be fixed first. WARNING: works, but. FINE: was looked at."""

    PROBLEM = "PROBLEM"
    WARNING = "WARNING"
    FINE = "ok"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`where` is a key path of the source file, `fix` what to do (empty if nothing is to be done)."""

    level: Level
    where: str
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class SourceUnderTest:
    """The source and what is needed to examine it. `writable` connects for the write-back statements."""

    source: Source
    connection: ErpConnection
    catalogue: Catalogue
    now: datetime
    writable: Callable[[], ErpConnection]

    @property
    def queries(self) -> Queries:
        return Queries(self.source, cursor_columns(self.source))

    def relation(self, rows: Rows) -> str:
        return DIALECTS[self.source.dialect].name_of(rows.table) if rows.table else f"({rows.query}) ob"

    def single(self, select: str) -> object:
        """One value. Raises as ErpConnection.query()."""
        value = self.connection.query(select).rows[0][0]
        self.connection.end()
        return value

    def described(self, rows: Rows) -> TableInfo | None:
        """What the catalogue knows of a table; None of a query."""
        return self.catalogue.table(rows.table) if rows.table is not None else None
