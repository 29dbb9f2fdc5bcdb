"""Fakes in memory of what operates the system: dead letters, their queue, jobs, alerts, the bus, bookmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chalicelib.domain.events import RecordedEvent
from chalicelib.domain.failures import FailedOrder
from chalicelib.ports import DeadLetter, DeadLetterGroup
from chalicelib.recovery.group_jobs import Job


class MemoryDeadLetters:
    """ports.DeadLetters."""

    def __init__(self) -> None:
        self._letters: dict[tuple[str, str], DeadLetter] = {}
        self._groups: dict[str, DeadLetterGroup] = {}

    def record(self, letter: DeadLetter) -> None:
        failed = letter.failed
        self._letters[failed.fingerprint, failed.order_id] = letter
        known = self._groups.get(failed.fingerprint)
        first = known.first_failed_at if known else failed.failed_at
        self._groups[failed.fingerprint] = DeadLetterGroup(
            failed.fingerprint, failed.step, failed.error, failed.message, first, failed.failed_at, 0
        )

    def get(self, fingerprint: str, order_id: str) -> DeadLetter | None:
        return self._letters.get((fingerprint, order_id))

    def close(self, failed: FailedOrder) -> None:
        letter = self.get(failed.fingerprint, failed.order_id)
        if letter is not None and letter.failed.attempt <= failed.attempt:
            del self._letters[failed.fingerprint, failed.order_id]

    def groups(self) -> Sequence[DeadLetterGroup]:
        counted = [replace(group, count=len(self._of(group.fingerprint))) for group in self._groups.values()]
        self._groups = {group.fingerprint: group for group in counted if group.count}
        return sorted(self._groups.values(), key=lambda group: group.last_failed_at, reverse=True)

    def in_group(self, fingerprint: str, limit: int, after: str = "") -> Sequence[DeadLetter]:
        return [letter for letter in self._of(fingerprint) if letter.failed.order_id > after][:limit]

    def _of(self, fingerprint: str) -> list[DeadLetter]:
        return [letter for key, letter in sorted(self._letters.items()) if key[0] == fingerprint]


class MemoryQueue:
    """ports.DeadLetterQueue: `sent` holds (message, delay in seconds), `parked` (body, reason)."""

    def __init__(self) -> None:
        self.sent: list[tuple[Mapping[str, object], int]] = []
        self.parked: list[tuple[str, str]] = []

    def send(self, message: Mapping[str, object], delay_s: int = 0) -> None:
        self.sent.append((message, delay_s))

    def park(self, body: str, reason: str) -> None:
        self.parked.append((body, reason))


class MemoryJobs:
    """recovery.group_jobs.Jobs."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def save(self, job: Job) -> None:
        self._jobs[job.job_id] = job

    def load(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def latest(self, limit: int) -> Sequence[Job]:
        return [self._jobs[job_id] for job_id in sorted(self._jobs, reverse=True)[:limit]]


class MemoryAlerts:
    """ports.Alerts: `published` holds (subject, text)."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []

    def publish(self, subject: str, text: str) -> None:
        self.published.append((subject, text))


class MemoryBus:
    """ports.EventBus: `published` holds the events in order; those of `refuse` orders are refused once."""

    def __init__(self) -> None:
        self.published: list[RecordedEvent] = []
        self.refuse: set[str] = set()

    def publish(self, events: Sequence[RecordedEvent]) -> tuple[RecordedEvent, ...]:
        refused = tuple(recorded for recorded in events if recorded.order_id in self.refuse)
        self.refuse -= {recorded.order_id for recorded in refused}
        self.published += [recorded for recorded in events if recorded not in refused]
        return refused


class MemoryBookmark:
    """ports.Bookmark."""

    def __init__(self) -> None:
        self._position = ""

    def load(self) -> str:
        return self._position

    def save(self, position: str) -> None:
        self._position = position
