"""A dead letter is done with when its order has moved on from the failure, and not before."""

from __future__ import annotations

from chalicelib.domain.state import Order
from chalicelib.ports import DeadLetter, DeadLetters


def close_dead_letter(letters: DeadLetters, order: Order) -> None:
    """Close the letter of the failure that the command answered. A letter of a later attempt stays."""
    if order.failure is not None:
        letter = letters.get(order.failure.fingerprint, order.order_id)
        if letter is not None:
            close_if_settled(letters, letter, order)


def close_if_settled(letters: DeadLetters, letter: DeadLetter, order: Order) -> bool:
    """Whether the order, as it stands now, has moved on from the letter's failure; then the letter is closed."""
    if not letter.failed.is_settled_in(order):
        return False
    letters.close(letter.failed)
    return True
