"""Faults for AWS clients: a call that kills the process, one that lets somebody else go first, a lost answer.

The clients are wrapped, or the connection of one client object is; nothing of the application is patched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing in the application may catch it."""


Hook = Callable[[], object]
Place = int | tuple[str, int]
"""Call number n (from 1), of all calls or of one operation: 3, ("put_item", 1)."""


class HookedClient:
    """Passes every call on to `client`; before and after the calls at certain places runs a hook."""

    def __init__(
        self, client: Any, before: Mapping[Place, Hook] | None = None, after: Mapping[Place, Hook] | None = None
    ) -> None:
        self.client = client
        self.before = dict(before or {})
        self.after = dict(after or {})
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append(operation)
            places: list[Place] = [len(self.calls), (operation, self.calls.count(operation))]
            for place in places:
                self.before.get(place, _nothing)()
            answer = getattr(self.client, operation)(**parameters)
            for place in places:
                self.after.get(place, _nothing)()
            return answer

        return call


def _nothing() -> None:
    pass


def kill() -> None:
    raise Killed


def cancel(code: str) -> Hook:
    """A hook: the transaction is refused, for a reason that concerns its third action."""

    def hook() -> None:
        raise _cancelled(["None", "None", code])

    return hook


def _cancelled(codes: Sequence[str]) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(response, "TransactWriteItems")


def lose_answers(client: Any, operation: str, times: int) -> None:
    """The next `times` requests of that operation are carried out, but their answers never arrive."""
    endpoint = client._endpoint
    respond = endpoint._do_get_response
    left = [times]

    def lossy(request: Any, operation_model: Any, context: Any) -> Any:
        answer = respond(request, operation_model, context)
        if operation_model.name == operation and left[0]:
            left[0] -= 1
            return None, ReadTimeoutError(endpoint_url=request.url)
        return answer

    endpoint._do_get_response = lossy


class Tripwire:
    """Around any objects of the application: something happens at one call, counted over all of them.

    `hook` runs before or after the call number `place`; `tripped` says whether that place was reached.
    """

    def __init__(self, place: int, after: bool, hook: Hook = kill) -> None:
        self._place = place
        self._after = after
        self._hook = hook
        self._calls = 0
        self.tripped = False

    def around(self, target: Any) -> Any:
        return _Wired(target, self)

    def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._calls += 1
        is_place = self._calls == self._place
        if is_place and not self._after:
            self._trip()
        answer = method(*arguments, **named)
        if is_place and self._after:
            self._trip()
        return answer

    def _trip(self) -> None:
        self.tripped = True
        self._hook()


class _Wired:
    def __init__(self, target: Any, wire: Tripwire) -> None:
        self._target = target
        self._wire = wire

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._target, name)
        return lambda *arguments, **named: self._wire.call(method, *arguments, **named)
