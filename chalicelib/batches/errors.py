"""What is wrong with a file as a whole, in words for whoever sent it."""

from __future__ import annotations

from chalicelib.domain.errors import OrderbridgeError


class BrokenFile(OrderbridgeError):
    """The file cannot be taken in at all; nothing of it has been accepted. The message says what to fix."""


class FileReplaced(BrokenFile):
    """The object was overwritten or removed while it was being worked on."""

    def __init__(self) -> None:
        super().__init__("the uploaded file was replaced while it was being read: send it again")
