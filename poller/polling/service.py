"""The poller as a service beside the ERP: every source in its own rhythm, until somebody asks it to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import FrameType

from poller.polling.poll import FOREVER_MS, poll_source
from poller.polling.services import PollReport, PollServices
from poller.source.file import LoadedSource

STOPPING_MS = 0


class Service:
    """Polls until `stop()`. A stop ends the poll under way after its page, so nothing is read twice."""

    def __init__(self, sources: Sequence[LoadedSource], services: PollServices) -> None:
        self._sources = sources
        self._services = services
        self._stop = threading.Event()
        self._due: dict[str, datetime] = {}

    def stop(self) -> None:
        """May be called from a signal handler or another thread, more than once."""
        self._stop.set()

    def run(self) -> None:
        """Tick until stopped. Sources take turns: one process, one connection at a time."""
        while not self._stop.is_set():
            self.tick()
            self._stop.wait(self._pause_s())

    def tick(self) -> tuple[PollReport, ...]:
        """Poll the sources that are due; one that has more to read is due again at once."""
        reports = []
        for item in self._sources:
            now = self._services.clock.now()
            if self._stop.is_set() or self._due.get(item.source.name, now) > now:
                continue
            report = poll_source(item, self._services, self._remaining_ms)
            pause = 0 if report.outcome == "stopped" else item.source.paging.interval_s
            self._due[item.source.name] = now + timedelta(seconds=pause)
            reports.append(report)
        return tuple(reports)

    def _remaining_ms(self) -> int:
        return STOPPING_MS if self._stop.is_set() else FOREVER_MS

    def _pause_s(self) -> float:
        now = self._services.clock.now()
        waits = [(due - now).total_seconds() for due in self._due.values()]
        return min(max(min(waits, default=1.0), 0.05), 5.0)


def stop_on_signals(service: Service) -> None:
    """SIGTERM and SIGINT ask for a graceful stop."""

    def handle(number: int, frame: FrameType | None) -> None:
        service.stop()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
