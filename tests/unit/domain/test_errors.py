"""The tree of errors: what each says, and which names Step Functions is told."""

from __future__ import annotations

import pytest

from chalicelib.domain import errors
from chalicelib.domain.errors import (
    CircuitOpen,
    Contention,
    DependencyTimeout,
    DependencyUnavailable,
    EventTooLarge,
    InvalidOrder,
    Moved,
    OrderbridgeError,
    PermanentError,
    Reason,
    Refused,
    Rejection,
    TransientError,
    UnknownOrder,
    VersionConflict,
    subclasses,
)


def reason(number: int, message: str = "no") -> Reason:
    return Reason(f"code-{number}", message, "lines")


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (1, "code-1: no"),
        (2, "code-1: no; code-2: no"),
        (3, "code-1: no; code-2: no; code-3: no"),
        (4, "code-1: no; code-2: no; code-3: no; and 1 more"),
        (500, "code-1: no; code-2: no; code-3: no; and 497 more"),
    ],
)
def test_a_rejection_keeps_all_reasons_and_shows_the_first_three(count: int, message: str) -> None:
    """Its message enters the history of an execution, which has a limit."""
    reasons = tuple(reason(number) for number in range(1, count + 1))
    rejection = InvalidOrder(*reasons)
    assert rejection.reasons == reasons
    assert str(rejection) == message


@pytest.mark.parametrize(("length", "shown"), [(191, 191), (192, 192), (193, 192)])
def test_a_long_reason_is_cut_at_200_characters_with_its_code(length: int, shown: int) -> None:
    assert str(InvalidOrder(reason(1, "x" * length))) == "code-1: " + "x" * shown


def test_a_rejection_without_a_reason_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="a rejection always says why"):
        InvalidOrder()


@pytest.mark.parametrize(
    ("error", "message", "attributes"),
    [
        (
            VersionConflict("o-1", 7),
            "order o-1 has moved on from version 7",
            {"order_id": "o-1", "expected_version": 7},
        ),
        (UnknownOrder("o-1"), "there is no order o-1", {"order_id": "o-1"}),
        (DependencyUnavailable("sqs", "HTTP 503"), "sqs is unavailable: HTTP 503", {"dependency": "sqs"}),
        (DependencyTimeout("sqs", "3 s"), "sqs did not answer: 3 s", {"dependency": "sqs"}),
        (CircuitOpen("payment"), "the circuit of payment is open", {"dependency": "payment"}),
        (
            EventTooLarge(400_001, 400_000),
            "the event has 400,001 bytes; at most 400,000 can be stored: split the order",
            {"size": 400_001, "limit": 400_000},
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_says_what_happened_and_to_what(
    error: OrderbridgeError, message: str, attributes: dict[str, object]
) -> None:
    assert str(error) == message
    assert {name: getattr(error, name) for name in attributes} == attributes


TREE = {
    Rejection: (
        "Rejection",
        "InvalidOrder",
        "InsufficientStock",
        "PaymentDeclined",
        "ConfirmationRefused",
        "Cancelled",
        "AlreadyRejected",
    ),
    TransientError: (
        "TransientError",
        "VersionConflict",
        "Contention",
        "DependencyUnavailable",
        "DependencyTimeout",
        "CircuitOpen",
    ),
    PermanentError: ("PermanentError", "UnknownOrder", "CorruptHistory", "EventTooLarge", "Misconfigured"),
    Refused: ("Refused",),
}


@pytest.mark.parametrize(("root", "names"), TREE.items(), ids=[root.__name__ for root in TREE])
def test_the_class_says_what_happens_next(root: type[OrderbridgeError], names: tuple[str, ...]) -> None:
    assert subclasses(root) == names


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = [part for part in (errors.__doc__ or "").split() if part.isidentifier() and part in vars(errors)]
    assert tuple(drawn) == subclasses(OrderbridgeError)


def test_each_name_is_given_once() -> None:
    assert subclasses(Contention, TransientError, Contention) == (
        "Contention",
        "TransientError",
        "VersionConflict",
        "DependencyUnavailable",
        "DependencyTimeout",
        "CircuitOpen",
    )


def test_classes_that_others_derive_are_left_out_with_all_below_them() -> None:
    """The state machine must not depend on what happens to be imported."""

    class OneOfATest(Refused):
        pass

    class Another(Refused):
        __module__ = "a.module.before.all.others"

    class Below(Another):
        pass

    assert {OneOfATest, Another, Below} <= {*Refused.__subclasses__(), *Another.__subclasses__()}
    assert subclasses(Refused) == ("Refused",)
    assert subclasses(OneOfATest, Another) == ()


def test_an_order_that_has_moved_says_where_it_is() -> None:
    moved = Moved(8)
    assert (moved.version, str(moved)) == (8, "the order is at version 8 now")
