"""The second half of a poll: tells the ERP what became of its orders, connecting only if something waits."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.errors import PermanentError, TransientError
from chalicelib.journal import Journal
from chalicelib.operations.outbox import Outbox
from chalicelib.ports import Clock
from poller.connection import ErpConnection
from poller.source_file import LoadedSource
from poller.source_model import Source
from poller.write_back import Drained, drain

RESERVE_MS = 5_000
"""Left for the end of the function: one entry's statements and stores."""


@dataclass(frozen=True, slots=True)
class Answers:
    """`connect_writable` opens a session that may change rows. Never raises for what one ERP may suffer: it is logged,
    and the entries wait."""

    outbox: Outbox
    journal: Journal
    clock: Clock
    log: logging.Logger
    connect_writable: Callable[[Source], ErpConnection]

    def __call__(self, loaded: LoadedSource, remaining_ms: Callable[[], int]) -> Drained | None:
        """Drain the outbox of the source for at most its time budget; None if nothing waited or it had to stop."""
        source = loaded.source
        left_ms = min(remaining_ms() - RESERVE_MS, source.paging.time_budget_s * 1000)
        try:
            if left_ms <= 0 or not self.outbox.pending(source.name, 1):
                return None
            connection = self.connect_writable(source)
            try:
                done = drain(source, connection, self, self.clock.now() + timedelta(milliseconds=left_ms))
            finally:
                connection.close()
        except TransientError as error:
            self.log.warning("write-back postponed", extra={"source": source.name, "detail": str(error)})
            return None
        except PermanentError as error:
            self.log.error("write-back stopped", extra={"source": source.name, "detail": str(error)})
            return None
        counts = {name: getattr(done, name) for name in Drained.__dataclass_fields__}
        self.log.info("written back", extra={"source": source.name, **counts})
        return done
