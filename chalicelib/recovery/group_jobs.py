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
from chalicelib.observability import log_context, logger
from chalicelib.orders.commands import OrderCommands
from chalicelib.ports import Clock, DeadLetter, DeadLetterQueue, DeadLetters, Ids

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

    `job_id` sorts by time; `total` is the size of the group when the job was asked for; `after` is the order id up to
    which the group is done; `done` counts orders set in motion, `refused` those that had moved on or cannot be read.
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
        done = sum(threads.map(partial(self._act, job), page))
        spent = (self.clock.now() - started).total_seconds()
        self.clock.sleep(max(0.0, len(page) / job.rate_per_s - spent))
        after = page[-1].failed.order_id
        return replace(job, done=job.done + done, refused=job.refused + len(page) - done, after=after)

    def _act(self, job: Job, letter: DeadLetter) -> bool:
        order_id = letter.failed.order_id
        try:
            if job.action is Action.REDRIVE:
                self.commands.redrive(order_id, job.by, job.reason)
            else:
                self.commands.cancel(order_id, job.by, job.reason)
        except (Refused, UnknownOrder) as refusal:
            logger().info("order has moved on", extra={"order_id": order_id, "reason": str(refusal)})
            acted = False
        except PermanentError as error:  # its letter stays: it is not settled, and the others must not wait for it
            logger().error("order passed by", extra={"order_id": order_id, "error": type(error).__name__})
            return False
        else:
            acted = True
        self.letters.close(letter.failed)
        return acted
