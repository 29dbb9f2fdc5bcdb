"""The second half of a poll: tells the ERP what became of its orders, connecting only if something waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.acknowledgements.outbox import Outbox
from chalicelib.domain.errors import PermanentError, TransientError
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Clock, Ids
from poller.database.connection import ErpConnection
from poller.source.file import LoadedSource
from poller.source.model import Source
from poller.state.ports import Watermarks
from poller.write_back.outbox import Drained, drain

RESERVE_MS = 5_000
"""Left for the end of the function: one entry's statements and stores."""


@dataclass(frozen=True, slots=True)
class Answers:
    """`connect_writable` opens a session that may change rows. Never raises for what one ERP may suffer: it is logged,
    and the entries wait. One at a time per source, under a lease of its own: two could tell outcomes out of order."""

    outbox: Outbox
    repository: OrderRepository
    clock: Clock
    ids: Ids
    watermarks: Watermarks
    log: logging.Logger
    connect_writable: Callable[[Source], ErpConnection]
    reconcile: Callable[[Source, Callable[[], bool]], int] | None = None
    """Fills the outbox with what was lost on its way there, as long as there is time."""

    def __call__(self, loaded: LoadedSource, remaining_ms: Callable[[], int]) -> Drained | None:
        """Drain the outbox of the source for at most its time budget; None if nothing waited or it had to stop."""
        source = loaded.source
        left_ms = min(remaining_ms() - RESERVE_MS, source.paging.time_budget_s * 1000)
        try:
            if left_ms <= 0:
                return None
            if self.reconcile is not None:
                self.reconcile(source, lambda: remaining_ms() >= 2 * RESERVE_MS)
            if not self.outbox.pending(source.name, 1):
                return None
            length = timedelta(milliseconds=left_ms, seconds=2 * source.connection.statement_timeout_s)
            now = self.clock.now()
            lease = self.watermarks.acquire(f"{source.name}/answers", self.ids.token(), now, length)
            if lease is None:
                return None
            try:
                done = self._drained(source, now + timedelta(milliseconds=left_ms))
            finally:
                self.watermarks.release(lease)
        except TransientError as error:
            self.log.warning("write-back postponed", extra={"source": source.name, "detail": str(error)})
            return None
        except PermanentError as error:
            self.log.error("write-back stopped", extra={"source": source.name, "detail": str(error)})
            return None
        counts = {name: getattr(done, name) for name in Drained.__dataclass_fields__}
        self.log.info("written back", extra={"source": source.name, **counts})
        return done

    def _drained(self, source: Source, deadline: datetime) -> Drained:
        connection = self.connect_writable(source)
        try:
            return drain(source, connection, self, deadline)
        finally:
            connection.close()
