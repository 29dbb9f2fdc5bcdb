"""From the text of a file to its records, one per order, each with its place in the file. Streams; never the whole.

A record that cannot be read says so and the others go on; only what makes all of them doubtful refuses the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.batches.errors import BrokenFile

MAX_RECORD_CHARACTERS = 1_000_000
"""As much as one request of the API may have. Anything longer is skipped, not kept."""

REPLACED = "\ufffd"
"""What stands for bytes that are not of the stated encoding; no field of an order may hold it (orders/payload.py)."""

Problem = tuple[str, str]
"""(field, message); the field is empty for the record as a whole."""

TOO_LONG: Problem = ("", f"is longer than {MAX_RECORD_CHARACTERS:,} characters: split the order")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One order as it stands in the file: the JSON text of the order, or the problems why there is none.

    `line` is the line of the file on which it begins, from 1; in a JSON array the number of the element.
    """

    line: int
    text: str = ""
    problems: tuple[Problem, ...] = ()
    external_id: str = ""


def jsonl(pieces: Iterable[str]) -> Iterator[FileRecord]:
    """An order a line; blank lines are none."""
    for number, line in numbered_lines(pieces):
        if line is None:
            yield FileRecord(number, problems=(TOO_LONG,))
        elif line.strip():
            yield FileRecord(number, line)


def numbered_lines(pieces: Iterable[str]) -> Iterator[tuple[int, str | None]]:
    """Lines without their ends, numbered from 1; None for one that is too long, of which nothing is kept."""
    number, begun, too_long = 1, "", False
    for piece in pieces:
        *ended, rest = piece.split("\n")
        for line in ended:
            whole = begun + line
            yield number, None if too_long or len(whole) > MAX_RECORD_CHARACTERS else whole.removesuffix("\r")
            number, begun, too_long = number + 1, "", False
        begun += rest
        if len(begun) > MAX_RECORD_CHARACTERS:
            begun, too_long = "", True
    if begun or too_long:
        yield number, None if too_long else begun.removesuffix("\r")


_TOKEN = re.compile(r'[\[\]{}",\\]')


class _Array:
    """Cuts the elements out of a JSON array by counting brackets outside of strings; what is in them is not looked at.

    So an element that is no order, or no proper JSON, costs only itself as long as its brackets and quotes are whole.
    """

    def __init__(self) -> None:
        self.begun = False
        self.ended = False
        self.elements = 0
        self._depth = 0
        self._in_string = False
        self._element: list[str] = []
        self._length = 0

    def feed(self, piece: str) -> Iterator[FileRecord]:
        """The elements that end in this piece."""
        begin = 0 if self.begun else self._open(piece)
        for end in self._ends(piece, begin):
            self._keep(piece[begin:end])
            yield from self._finish(must=piece[end] == ",")
            begin = end + 1
        if not self.ended:
            self._keep(piece[begin:])
        elif piece[begin:].strip():
            raise BrokenFile(f"something follows the end of the JSON array, after element {self.elements}")

    def _open(self, piece: str) -> int:
        """Where the first element begins: behind the bracket that opens the array, if it is in this piece."""
        stripped = piece.lstrip()
        if not stripped:
            return len(piece)
        if not stripped.startswith("["):
            raise BrokenFile('the file is not a JSON array: it must begin with "["; for an order a line use JSONL')
        self.begun, self._depth = True, 1
        return len(piece) - len(stripped) + 1

    def _ends(self, piece: str, position: int) -> Iterator[int]:
        """Where elements end: at the commas between them, and at the bracket that closes the array."""
        while not self.ended and (match := _TOKEN.search(piece, position)) is not None:
            position, character = match.end(), match.group()
            if self._in_string:
                if character == "\\":
                    position += 1  # what it escapes
                self._in_string = character != '"'
            elif character == '"':
                self._in_string = True
            elif character in "[{":
                self._depth += 1
            elif character in "]}":
                self._depth -= 1
                self.ended = self._depth == 0
            if self.ended or (character == "," and self._depth == 1 and not self._in_string):
                yield match.start()

    def _keep(self, text: str) -> None:
        self._length += len(text)
        if self._length <= MAX_RECORD_CHARACTERS:
            self._element.append(text)
        else:
            self._element.clear()

    def _finish(self, must: bool = False) -> Iterator[FileRecord]:
        text, length = "".join(self._element).strip(), self._length
        self._element, self._length = [], 0
        if not text and length <= MAX_RECORD_CHARACTERS and not must:
            return
        self.elements += 1
        if length > MAX_RECORD_CHARACTERS:
            yield FileRecord(self.elements, problems=(TOO_LONG,))
        elif not text:
            yield FileRecord(self.elements, problems=(("", "is empty: two commas follow each other"),))
        else:
            yield FileRecord(self.elements, text)


def json_array(pieces: Iterable[str]) -> Iterator[FileRecord]:
    """The elements of an array, numbered from 1. Raises BrokenFile if it is none, or does not end."""
    array = _Array()
    for piece in _whole_escapes(pieces):
        yield from array.feed(piece)
    if not array.begun:
        raise BrokenFile("the file is empty")
    if not array.ended:
        raise BrokenFile(f"the JSON array does not end: the file is truncated after element {array.elements}")


def _whole_escapes(pieces: Iterable[str]) -> Iterator[str]:
    """No piece ends with a backslash, whose next character belongs to it."""
    begun = ""
    for piece in pieces:
        whole = begun + piece
        cut = len(whole) - len(whole.rstrip("\\"))
        begun, whole = whole[len(whole) - cut :], whole[: len(whole) - cut]
        yield whole
    yield begun
