"""Finds outcomes of polled orders that never came into the outbox, or were lost from it, and puts them there again.

The stream's consumer feeds the outbox; what it cannot (a permission, six hours of failure) it sets aside. The read
model knows which outcomes no history calls told, and the source file which of them the ERP wants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.acknowledgements.outbox import Outbox, OutboxEntry, latest_entry
from chalicelib.observability import logger
from chalicelib.orders.repository import OrderRepository
from chalicelib.ports import Clock, OrderRow, Projection
from poller.source.model import Source

ON_ITS_WAY = timedelta(minutes=10)
"""An outcome this young is left to the stream."""

LOOKS_BACK = timedelta(days=7)
INTERVAL = timedelta(hours=1)
"""Per source and process: 8 queries, and a read of the events of each order that was not told."""

MOST = 500
"""Entries of one run, and the parked ones that are left alone."""


@dataclass(frozen=True, slots=True)
class ReconcileOutbox:
    """Putting an entry that is waiting already changes nothing; one that was told meanwhile is told once more."""

    projection: Projection
    repository: OrderRepository
    outbox: Outbox
    clock: Clock
    _done_at: dict[str, datetime] = field(default_factory=dict)

    def __call__(self, source: Source, has_time: Callable[[], bool]) -> int:
        """How many entries were put. Raises TransientError, PermanentError."""
        now = self.clock.now()
        wanted = source.write_back.by_outcome.keys()
        last = self._done_at.get(source.name)
        if not wanted or (last is not None and now - last < INTERVAL):
            return 0
        parked = {(entry.order_id, entry.version) for entry, _ in self.outbox.parked(source.name, MOST)}
        put = 0
        for row in self.projection.untold(source.name, now - LOOKS_BACK, now - ON_ITS_WAY):
            if put >= MOST or not has_time():
                break
            entry = self._entry(row) if row.status.lower() in wanted else None
            if entry is not None and (entry.order_id, entry.version) not in parked:
                self.outbox.put(entry)
                put += 1
        else:  # otherwise the next poll goes on
            self._done_at[source.name] = now
        if put:
            logger().warning("outcomes put into the outbox again", extra={"source": source.name, "put": put})
        return put

    def _entry(self, row: OrderRow) -> OutboxEntry | None:
        entry = latest_entry(self.repository.events.load(row.order_id))
        return entry if entry is not None and entry.kind == row.status.lower() else None
