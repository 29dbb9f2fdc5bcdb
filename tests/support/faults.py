"""Faults for AWS clients: a call that kills the process, one that lets somebody else go first, a lost answer.

The clients are wrapped, or the connection of one client object is; nothing of the application is patched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing in the application may catch it."""


class HookedClient:
    """Passes every call on to `client`; before and after call number n (from 1) runs a hook, if there is one."""

    def __init__(
        self,
        client: Any,
        before: dict[int, Callable[[], object]] | None = None,
        after: dict[int, Callable[[], object]] | None = None,
    ) -> None:
        self._client = client
        self._before = before or {}
        self._after = after or {}
        self.calls: list[str] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.calls.append(operation)
            number = len(self.calls)
            self._before.get(number, _nothing)()
            answer = getattr(self._client, operation)(**parameters)
            self._after.get(number, _nothing)()
            return answer

        return call


def _nothing() -> None:
    pass


def kill() -> None:
    raise Killed


def conflict(actions: int = 1) -> Callable[[], None]:
    """A hook: the transaction is refused because another one is at its first item."""

    def hook() -> None:
        reasons = [{"Code": "TransactionConflict"}, *({"Code": "None"} for _ in range(actions - 1))]
        raise cancelled(reasons)

    return hook


def cancelled(reasons: Sequence[dict[str, str]]) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
        "CancellationReasons": list(reasons),
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
