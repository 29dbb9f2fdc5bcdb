"""Letting the legacy ERP work: all at once for a test or a demonstration, or at the pace of the clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.ports import Clock
from local.legacy_erp.activity import Transaction, working_time
from local.legacy_erp.database import LegacyErp
from local.legacy_erp.orders import OrderDesk

SHIFT = timedelta(seconds=15)
"""At the pace of the clock, orders are made for so long at a time."""

ALL_AT_ONCE = timedelta(minutes=5)
"""What is done all at once is stamped as if it had been done in the last minutes, never in the future."""

PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Work:
    """`seed` and the ERP's next order number decide everything, except the times, which are the clock's."""

    erp: LegacyErp
    desk: OrderDesk
    clock: Clock
    seed: int = 0

    def generate(self, count: int) -> list[Transaction]:
        """Enter `count` orders and do at once what happened to them in the last minutes."""
        done = self._plan(count, self.clock.now() - ALL_AT_ONCE)
        for transaction in done:
            self.erp.carry_out(transaction)
        return done

    def keep_working(self, orders_per_minute: float, stopped: Callable[[], bool]) -> int:
        """Work until stopped, each transaction at its time; how many orders were entered."""
        waiting: list[tuple[float, int, Transaction]] = []
        entered = owed = 0.0
        next_shift = self.clock.now()
        while not stopped():
            now = self.clock.now()
            if now >= next_shift:
                next_shift += SHIFT
                owed += orders_per_minute * SHIFT.total_seconds() / 60
                entered += int(owed)
                for transaction in self._plan(int(owed), now):
                    heapq.heappush(waiting, (transaction.commits_at.timestamp(), id(transaction), transaction))
                owed -= int(owed)
            while waiting and waiting[0][0] <= now.timestamp():
                self.erp.carry_out(heapq.heappop(waiting)[2])
            self.clock.sleep(PAUSE_S)
        return int(entered)

    def _plan(self, count: int, start: datetime) -> list[Transaction]:
        if count == 0:
            return []
        return working_time(self.desk, self.erp.take_numbers(count), count, start, self.seed)
