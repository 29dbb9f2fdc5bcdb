"""What the database's own clock and its open transactions say at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.errors import Misconfigured
from chalicelib.mapping.values import Value
from poller.database.connection import ErpConnection
from poller.database.dialects import DIALECTS
from poller.source.model import Source


@dataclass(frozen=True, slots=True)
class ClockReading:
    """`at`: the database's clock. Transactions are numbered: `following` begins next, `oldest` is still open.

    Both are 0 where the database does not tell. `cap`: the rowversion below which everything is committed.
    """

    at: datetime
    following: int = 0
    oldest: int = 0
    cap: Value = None


@dataclass(slots=True)
class DatabaseClock:
    """Asks one connection. A database that refuses to show its transactions is asked once, then taken as it is."""

    connection: ErpConnection
    source: Source
    fallback_now: datetime
    sees_transactions: bool = True

    def __call__(self) -> ClockReading:
        """Raises DependencyUnavailable, DependencyTimeout, Misconfigured."""
        dialect = DIALECTS[self.source.dialect]
        at = self.fallback_now
        if dialect.clock_sql:
            text = str(self.connection.query(dialect.clock_sql).rows[0][0])
            at = datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)
        following = oldest = 0
        if dialect.horizon_sql and self.sees_transactions:
            try:
                first, second = self.connection.query(dialect.horizon_sql).rows[0]
                following, oldest = int(str(first)), int(str(second))
            except Misconfigured:  # no right to see them: the overlap alone must do, and `check` says so
                self.sees_transactions = False
        cap: Value = None
        if self.source.cursor.mode == "rowversion":
            cap = self.connection.query(self.source.cursor.cap_query or dialect.cap_sql).rows[0][0]
        self.connection.end()
        return ClockReading(at, following, oldest, cap)
