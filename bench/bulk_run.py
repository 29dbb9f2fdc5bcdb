"""One file through the deployed system to its end: its accounting checked at every look, in the end every line."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from local.client.submit_batch import ENDED, Sent, outcomes, report, send, standing
from local.sample.batch import batch_file
from tests.support.e2e.deployed import Deployed

LOOK_EVERY_S = 1.0
SILENCE_LIMIT_S = 300
"""Without any movement for this long, a run is given up."""

TELL_EVERY_S = 60.0

PARTS = 5
"""Of a run, for each of which the rate is told: does it sink as the file goes on?"""


@dataclass(slots=True)
class Course:
    """How far a batch was at which second; `at` asks it for the rates between."""

    began: float = field(default_factory=time.monotonic)
    looks: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 0)])
    told: float = 0.0

    def note(self, batch: dict[str, Any]) -> None:
        counts = batch["counts"]
        settled = counts["received"] - counts["running"]
        elapsed = time.monotonic() - self.began
        if elapsed >= self.told + TELL_EVERY_S:
            print(f"{elapsed:.0f} s: {settled} of {batch['lines']} lines settled", file=sys.stderr, flush=True)
            self.told = elapsed
        if settled > self.looks[-1][1]:
            self.looks.append((elapsed, settled))

    def silent_s(self) -> float:
        return time.monotonic() - self.began - self.looks[-1][0]

    def rates(self) -> list[float]:
        """Settled lines per second in each part of the lines."""
        total = self.looks[-1][1]
        marks = [next(look for look in self.looks if look[1] >= total * part // PARTS) for part in range(PARTS + 1)]
        return [
            round((after - before) / (end - start), 1)
            for (start, before), (end, after) in pairwise(marks)
            if end > start
        ]


def run(
    system: Deployed,
    lines: int,
    at_start: Callable[[], object] | None = None,
    in_the_middle: Callable[[], object] | None = None,
) -> dict[str, Any]:
    """One file to its end; whether its accounting is exact."""
    data, expected = batch_file(lines, lines)
    course = Course()
    sent = send(system.api, data, "jsonl")
    if at_start:
        until(system, sent, lambda batch: batch["counts"]["received"] > 0, course)
        at_start()
    if in_the_middle:
        until(system, sent, lambda batch: batch["counts"]["received"] >= lines // 2, course)
        in_the_middle()
    batch = until(system, sent, lambda batch: batch["state"] in ENDED, course)
    seconds = time.monotonic() - course.began
    return {
        "lines": lines,
        "bytes": len(data),
        "seconds": round(seconds, 1),
        "lines_per_s": round(lines / seconds, 1),
        "lines_per_s_by_fifths": course.rates(),
        **checked(system, batch, expected),
    }


def until(
    system: Deployed, sent: Sent, condition: Callable[[dict[str, Any]], bool], course: Course | None = None
) -> dict[str, Any]:
    """The batch as soon as the condition holds; at every look its accounting must add up."""
    course = course or Course()
    while True:
        batch = standing(system.api, sent)
        counts = batch["counts"]
        assert counts["received"] == counts["accepted"] + counts["duplicate"] + counts["invalid"], counts
        parts = ("confirmed", "rejected", "cancelled", "failed", "running")
        assert counts["accepted"] == sum(counts[part] for part in parts), counts
        course.note(batch)
        if condition(batch):
            return batch
        assert course.silent_s() < SILENCE_LIMIT_S, f"nothing moved for {SILENCE_LIMIT_S} s: {batch}"
        time.sleep(LOOK_EVERY_S)


def checked(system: Deployed, batch: dict[str, Any], expected: Counter[str]) -> dict[str, Any]:
    """Each line against what it must be. Failed orders are redriven by themselves; the report is then made anew."""
    sent = Sent(batch["links"]["self"])
    failed_at_end = batch["counts"]["failed"]
    if failed_at_end:
        until(system, sent, lambda batch: not batch["counts"]["failed"] and not batch["counts"]["running"])
        resumed = system.api.post(f"{sent.path}/resume", {"reason": "the report anew"}, role="operate")
        assert resumed.status == 202, resumed.body
        batch = until(system, sent, lambda batch: batch["state"] in ENDED)
    lines = report(batch)
    order_ids = [line["order_id"] for line in lines if line["outcome"] == "accepted"]
    return {
        "batch_id": batch["batch_id"],
        "state": batch["state"],
        "counts": batch["counts"],
        "parked_at_the_end": failed_at_end,
        "report_lines": len(lines),
        "exact": outcomes(lines) == expected
        and [line["line"] for line in lines] == list(range(1, expected.total() + 1))
        and len(set(order_ids)) == len(order_ids),
    }
