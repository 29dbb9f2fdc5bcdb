"""The JSON of dead letters, their groups, and the jobs that work on groups."""

from __future__ import annotations

from typing_extensions import TypedDict

from chalicelib.api.views.schemas import Moment, PageLinks
from chalicelib.domain.timestamps import rfc3339
from chalicelib.ports import DEAD_LETTER_COUNT_LIMIT, DeadLetter, DeadLetterGroup
from chalicelib.recovery.group_jobs import Action, Job


class LetterLinks(TypedDict):
    """`redrive` and `discard` are POST."""

    self: str
    redrive: str
    discard: str


class GroupView(TypedDict):
    """Orders that failed for the same cause: the same step, error and message, numbers and ids aside."""

    fingerprint: str
    step: str
    error: str
    message: str
    """An example."""
    count: int
    """Open letters."""
    count_is_minimum: bool
    """There are so many that counting stopped."""
    first_failed_at: Moment
    last_failed_at: Moment
    links: LetterLinks


class JobLinks(TypedDict):
    """Where to see its progress."""

    self: str


class JobView(TypedDict):
    """A redrive or discard of a whole group."""

    job_id: str
    fingerprint: str
    action: Action
    rate_per_s: int
    by: str
    reason: str
    total: int
    """Letters in the group when it was asked for."""
    total_is_minimum: bool
    """There were so many that counting stopped; the job takes all."""
    done: int
    """Orders set in motion."""
    refused: int
    """The others: moved on by themselves, not to be set in motion, or not readable."""
    confirmed: int
    """Orders, of both, that have moved on from their failure, by their events; the letters of all others stay open."""
    requested_at: Moment
    finished_at: Moment | None
    links: JobLinks


class GroupsView(TypedDict):
    """What waits for an operator, the latest failure first."""

    groups: list[GroupView]
    jobs: list[JobView]
    """The jobs asked for last."""


class LetterView(TypedDict):
    """One failed order."""

    order_id: str
    source: str
    attempt: int
    step: str
    error: str
    message: str
    failed_at: Moment
    redrive_at: Moment | None
    """When it is tried again by itself; null if it waits for an operator."""
    correlation_id: str
    links: LetterLinks
    """`self` is the order."""


class LettersView(TypedDict):
    """A page of a group."""

    letters: list[LetterView]
    next_cursor: str | None
    """The parameter `cursor` of the next page; null on the last."""
    links: PageLinks


def group_view(group: DeadLetterGroup) -> GroupView:
    return {
        "fingerprint": group.fingerprint,
        "step": group.step,
        "error": group.error,
        "message": group.message,
        "count": group.count,
        "count_is_minimum": group.count >= DEAD_LETTER_COUNT_LIMIT,
        "first_failed_at": rfc3339(group.first_failed_at),
        "last_failed_at": rfc3339(group.last_failed_at),
        "links": _links(group.fingerprint, f"/dead-letters/{group.fingerprint}"),
    }


def letter_view(letter: DeadLetter) -> LetterView:
    failed = letter.failed
    return {
        "order_id": failed.order_id,
        "source": failed.source,
        "attempt": failed.attempt,
        "step": failed.step,
        "error": failed.error,
        "message": failed.message,
        "failed_at": rfc3339(failed.failed_at),
        "redrive_at": rfc3339(letter.redrive_at) if letter.redrive_at else None,
        "correlation_id": failed.correlation_id,
        "links": _links(failed.order_id, f"/orders/{failed.order_id}"),
    }


def job_view(job: Job) -> JobView:
    return {
        "job_id": job.job_id,
        "fingerprint": job.fingerprint,
        "action": job.action,
        "rate_per_s": job.rate_per_s,
        "by": job.by,
        "reason": job.reason,
        "total": job.total,
        "total_is_minimum": job.total >= DEAD_LETTER_COUNT_LIMIT,
        "done": job.done,
        "refused": job.refused,
        "confirmed": job.confirmed,
        "requested_at": rfc3339(job.requested_at),
        "finished_at": rfc3339(job.finished_at) if job.finished_at else None,
        "links": {"self": f"/dead-letters/jobs/{job.job_id}"},
    }


def _links(target: str, own: str) -> LetterLinks:
    acting = f"/dead-letters/{target}"
    return {"self": own, "redrive": f"{acting}/redrive", "discard": f"{acting}/discard"}
