"""Redriving or discarding a whole group of dead letters at a stated rate.

A job is a small record; a message in the dead-letter queue works on it for a while, saves how far it has come and
sends itself again, so that a job survives any function's end and can be of any size.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Protocol

from chalicelib.domain.dead_letter_messages import job_message
from chalicelib.domain.errors import PermanentError, Refused, UnknownOrder
from chalicelib.domain.state import Order
from chalicelib.observability import log_context, logger
from chalicelib.orders.commands import OrderCommands
from chalicelib.ports import Clock, DeadLetter, DeadLetterQueue, DeadLetters, Ids
from chalicelib.recovery.close_dead_letter import close_if_settled

WORKING_TIME = timedelta(seconds=4)
"""How long one message works on a job. A batch may hold the messages of ten jobs, and must fit into the function."""

SAVE_EVERY = 10
"""Letters between two saves of the progress: what is repeated at most after a crash; repeating is harmless."""

AT_ONCE = 5
"""Orders set in motion at the same time: one takes about 50 ms, so that one after the other would be too slow."""

MAX_RATE_PER_S = 50


class Action(StrEnum):
    """What is done to each order of the group."""

    REDRIVE = "redrive"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for and how far it is.

    `job_id` sorts by time; `total` is the size of the group when the job was asked for, as far as it was counted;
    `after` is the order id up to which the group is done. `done` counts orders set in motion, `refused` the others:
    moved on before, not possible, not readable. `confirmed` counts those of both that have moved on from their failure,
    by their events; the letters of all others stay open.
    """

    job_id: str
    fingerprint: str
    action: Action
    rate_per_s: int
    by: str
    reason: str
    total: int
    requested_at: datetime
    done: int = 0
    refused: int = 0
    after: str = ""
    finished_at: datetime | None = None
    confirmed: int = 0


class Jobs(Protocol):
    """Where jobs are kept. Raises DependencyUnavailable."""

    def save(self, job: Job) -> None: ...

    def load(self, job_id: str) -> Job | None: ...

    def latest(self, limit: int) -> Sequence[Job]:
        """The jobs requested last, the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class GroupJobs:
    """Starts jobs, and works on them."""

    letters: DeadLetters
    jobs: Jobs
    queue: DeadLetterQueue
    commands: OrderCommands
    clock: Clock
    ids: Ids

    def request(self, fingerprint: str, action: Action, rate_per_s: int, by: str, reason: str) -> Job | None:
        """Ask for the whole group; None if there is no such group."""
        group = next((group for group in self.letters.groups() if group.fingerprint == fingerprint), None)
        if group is None:
            return None
        now, rate = self.clock.now(), max(1, min(rate_per_s, MAX_RATE_PER_S))
        job_id = f"{now:%Y%m%dT%H%M%S%f}-{self.ids.token()[-8:]}"  # sorts by time
        job = Job(job_id, fingerprint, action, rate, by, reason, group.count, now)
        self.jobs.save(job)
        self.queue.send(job_message(job.job_id))
        return job

    def work(self, job_id: str) -> None:
        """Go on with a job for WORKING_TIME, at its rate, then hand it to the next message."""
        job = self.jobs.load(job_id)
        if job is None or job.finished_at is not None:
            return
        with log_context(job_id=job_id, fingerprint=job.fingerprint):
            until = self.clock.now() + WORKING_TIME
            with ThreadPoolExecutor(AT_ONCE) as threads:
                while job.finished_at is None and self.clock.now() < until:
                    job = self._work_on_page(job, threads)
                    self.jobs.save(job)
            logger().info("job progress", extra={"done": job.done, "refused": job.refused, "total": job.total})
            if job.finished_at is None:
                self.queue.send(job_message(job_id))

    def _work_on_page(self, job: Job, threads: ThreadPoolExecutor) -> Job:
        started = self.clock.now()
        page = self.letters.in_group(job.fingerprint, limit=min(SAVE_EVERY, job.rate_per_s), after=job.after)
        if not page:
            return replace(job, finished_at=started)
        results = list(threads.map(partial(self._act, job), page))
        done, confirmed = sum(result.acted for result in results), sum(result.moved_on for result in results)
        spent = (self.clock.now() - started).total_seconds()
        self.clock.sleep(max(0.0, len(page) / job.rate_per_s - spent))
        after = page[-1].failed.order_id
        return replace(
            job,
            done=job.done + done,
            refused=job.refused + len(page) - done,
            confirmed=job.confirmed + confirmed,
            after=after,
        )

    def _act(self, job: Job, letter: DeadLetter) -> _Result:
        """One order. If it cannot be read its letter stays, and the others do not wait for it."""
        order_id = letter.failed.order_id
        try:
            acted, order = self._command(job, order_id)
        except UnknownOrder:  # a letter of data that was deleted: nothing can become of it
            self.letters.close(letter.failed)
            return _Result(acted=False, moved_on=False)
        except PermanentError as error:
            logger().error("order passed by", extra={"order_id": order_id, "error": type(error).__name__})
            return _Result(acted=False, moved_on=False)
        return _Result(acted, close_if_settled(self.letters, letter, order))

    def _command(self, job: Job, order_id: str) -> tuple[bool, Order]:
        """Whether the order was set in motion, and how it stands. A refusal alone says nothing of the failure."""
        command = self.commands.redrive if job.action is Action.REDRIVE else self.commands.give_up
        try:
            return True, command(order_id, job.by, job.reason)
        except Refused as refusal:
            logger().info("order not set in motion", extra={"order_id": order_id, "reason": str(refusal)})
            return False, self.commands.repository.load(order_id)


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one order of the group: set in motion by the job; moved on from its failure, by whomever."""

    acted: bool
    moved_on: bool
