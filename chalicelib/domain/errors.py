"""Every error that Orderbridge raises on purpose. The class says what happens next.

OrderbridgeError
├── Rejection              a business "no": undo what was done, then close the order; a good outcome
│   ├── InvalidOrder           what was ordered contradicts the reference data
│   ├── InsufficientStock      not enough of a SKU
│   ├── PaymentDeclined        the payment provider said no
│   ├── ConfirmationRefused    a delivery hold stopped the order at the last step
│   ├── Cancelled              somebody asked for the order to be cancelled in time
│   └── AlreadyRejected        an earlier attempt decided "no"; the compensations go on
├── TransientError         try again later, same input; the workflow retries with backoff
│   ├── VersionConflict        somebody else appended to the order first
│   ├── Contention             the same rows were written too often at once
│   ├── DependencyUnavailable  a service refused or failed in a way that passes
│   ├── DependencyTimeout      a service did not answer; the outcome is unknown, look before repeating
│   └── CircuitOpen            a service is known to be down; retried on a longer schedule
├── PermanentError         trying again cannot help: the order waits for an operator
│   ├── UnknownOrder           no such order
│   ├── CorruptHistory         stored events that cannot be read or folded
│   ├── EventTooLarge          an event beyond the item limit of the store
│   └── Misconfigured          a setting, a secret or a table is missing or wrong
├── Refused                a request that the current state does not allow (HTTP 409)
└── Moved                  a request about a version of the order that is not the present one (HTTP 412)

Step Functions matches exact class names, so `subclasses` derives the Retry and Catch lists from this tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_REASONS_IN_MESSAGE = 3


class OrderbridgeError(Exception):
    """The root: whatever is not one of these is a bug."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an order was rejected: a stable code for programs, a sentence for people, the field if there is one."""

    code: str
    message: str
    field: str = ""


class Rejection(OrderbridgeError):
    """A business "no". `reasons` holds all of them; the message only the first few (it enters the history)."""

    def __init__(self, *reasons: Reason) -> None:
        assert reasons, "a rejection always says why"
        self.reasons = reasons
        shown = "; ".join(f"{r.code}: {r.message}"[:200] for r in reasons[:MAX_REASONS_IN_MESSAGE])
        more = len(reasons) - MAX_REASONS_IN_MESSAGE
        super().__init__(shown + (f"; and {more} more" if more > 0 else ""))


class InvalidOrder(Rejection):
    """What was ordered contradicts the reference data or itself."""


class InsufficientStock(Rejection):
    """Not enough of at least one SKU."""


class PaymentDeclined(Rejection):
    """The payment provider, or the customer's credit limit, said no."""


class ConfirmationRefused(Rejection):
    """A delivery hold stopped the order at the last step."""


class Cancelled(Rejection):
    """Somebody asked for the order to be cancelled before it was confirmed."""


class AlreadyRejected(Rejection):
    """An earlier attempt decided "no"; this attempt only finishes the compensations."""


class TransientError(OrderbridgeError):
    """Passes by itself: the same call later may succeed."""


class VersionConflict(TransientError):
    """Somebody else appended to the order first; load it again and decide again."""

    def __init__(self, order_id: str, expected_version: int) -> None:
        self.order_id = order_id
        self.expected_version = expected_version
        super().__init__(f"order {order_id} has moved on from version {expected_version}")


class Contention(TransientError):
    """The same items were written too often at once, and the short retries are spent."""


class DependencyUnavailable(TransientError):
    """A service refused or failed in a way that passes; nothing happened there."""

    def __init__(self, dependency: str, detail: str) -> None:
        self.dependency = dependency
        super().__init__(f"{dependency} is unavailable: {detail}")


class DependencyTimeout(TransientError):
    """A service did not answer in time. Whether it acted is unknown: look before repeating."""

    def __init__(self, dependency: str, detail: str) -> None:
        self.dependency = dependency
        super().__init__(f"{dependency} did not answer: {detail}")


class CircuitOpen(TransientError):
    """The circuit breaker of a dependency is open: not called, to let it recover."""

    def __init__(self, dependency: str) -> None:
        self.dependency = dependency
        super().__init__(f"the circuit of {dependency} is open")


class PermanentError(OrderbridgeError):
    """Trying again cannot help; the order waits for an operator."""


class UnknownOrder(PermanentError):
    """There is no order with this id."""

    def __init__(self, order_id: str) -> None:
        self.order_id = order_id
        super().__init__(f"there is no order {order_id}")


class CorruptHistory(PermanentError):
    """Stored events that cannot be read or do not fold."""


class EventTooLarge(PermanentError):
    """An event that is larger than the store's item limit."""

    def __init__(self, size: int, limit: int) -> None:
        self.size = size
        self.limit = limit
        super().__init__(f"the event has {size:,} bytes; at most {limit:,} can be stored: split the order")


class Misconfigured(PermanentError):
    """A setting, a secret or a resource is missing or wrong; says which and how to fix it."""


class Refused(OrderbridgeError):
    """The order's state does not allow the request; the message says why."""


class Moved(OrderbridgeError):
    """The order is not at the version that the request is about."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(f"the order is at version {version} now")


def subclasses(*roots: type[Exception]) -> tuple[str, ...]:
    """Names of the given classes and everything below them in this module, parents first, each once.

    Classes that others derive are left out: the state machine must not depend on what happens to be imported.
    """
    names: dict[str, None] = {}

    def visit(classes: Iterable[type[Exception]]) -> None:
        for cls in classes:
            if cls.__module__ == __name__:
                names.setdefault(cls.__name__)
                visit(cls.__subclasses__())

    visit(roots)
    return tuple(names)
