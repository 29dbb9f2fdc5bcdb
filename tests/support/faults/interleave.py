"""Runs several actors at once, one AWS call at a time, in an order that the test decides and can repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Semaphore, Thread
from typing import Any

Actor = Callable[[Any], object]


class _Turn:
    """One actor: its thread stops before every call of the client until `step` lets it go on."""

    def __init__(self, actor: Actor, client: Any) -> None:
        self.outcome: object = None
        self._may_run, self._has_stopped = Semaphore(0), Semaphore(0)
        self._client = client
        self._thread = Thread(target=self._run, args=(actor,), daemon=True)
        self.alive = True
        self._thread.start()

    def step(self) -> None:
        """Until the next call, or to the end."""
        self._may_run.release()
        self._has_stopped.acquire()

    def _run(self, actor: Actor) -> None:
        self._may_run.acquire()
        try:
            self.outcome = actor(self)
        except Exception as error:  # noqa: BLE001 - it is the actor's outcome, which the test looks at
            self.outcome = error
        self.alive = False
        self._has_stopped.release()

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(*arguments: Any, **parameters: Any) -> Any:
            self._has_stopped.release()
            self._may_run.acquire()
            return getattr(self._client, operation)(*arguments, **parameters)

        return call


def interleave(client: Any, actors: Sequence[Actor], choices: Iterator[int]) -> list[object]:
    """Each actor gets a client of its own; returns what each returned or raised.

    Before each call, the next number of `choices` picks who goes on; when there are no more, the first one does.
    """
    turns = [_Turn(actor, client) for actor in actors]
    while waiting := [turn for turn in turns if turn.alive]:
        waiting[next(choices, 0) % len(waiting)].step()
    return [turn.outcome for turn in turns]
