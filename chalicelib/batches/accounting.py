"""The sums over the pages of a batch, how fast it goes, and when it will be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.batches.model import Batch, BatchCounts, Page


def counted(pages: Iterable[Page]) -> BatchCounts:
    """Consistent whenever the pages are read, because each page is: sums of equations are equations."""
    return sum((page.counts for page in pages), BatchCounts())


@dataclass(frozen=True, slots=True)
class Throughput:
    """Lines settled per second since this attempt began; `estimated_end` is None while nobody can tell."""

    rate_per_s: float
    estimated_end: datetime | None


def throughput(batch: Batch, counts: BatchCounts, now: datetime) -> Throughput:
    """Of a finished batch: its throughput until then."""
    until = batch.finished_at or now
    seconds = (until - batch.attempt_started_at).total_seconds()
    settled = counts.settled - batch.settled_before
    rate = settled / seconds if seconds > 0 and settled > 0 else 0.0
    if batch.finished_at is not None or batch.lines is None or rate == 0:
        return Throughput(rate, None)
    return Throughput(rate, now + timedelta(seconds=(batch.lines - counts.settled) / rate))
