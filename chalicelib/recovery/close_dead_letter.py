"""After a command on an order, its dead letter is done with."""

from __future__ import annotations

from chalicelib.domain.state import Order
from chalicelib.ports import DeadLetters


def close_dead_letter(letters: DeadLetters, order: Order) -> None:
    """Close the letter of the failure that the command answered. A letter of a later attempt stays."""
    if order.failure is None:
        return
    letter = letters.get(order.failure.fingerprint, order.order_id)
    if letter is not None and letter.failed.attempt < order.attempt:
        letters.close(letter.failed)
