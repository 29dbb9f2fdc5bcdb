"""How a command ends when it does not do what was asked."""

from __future__ import annotations

from chalicelib.domain.errors import OrderbridgeError


class NotDone(OrderbridgeError):
    """It could not be done; says what to do about it. Exit code 1."""


class WrongCall(OrderbridgeError):
    """The command line makes no sense; says how to write it. Exit code 2."""
