"""The lines of a file, each with the place where it begins, so that a later call can go on there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.file import PlainText

MAX_RECORD_CHARACTERS = 1_000_000
"""As much as one request of the API may have. Anything longer is skipped, not kept."""

MAX_BLANK_LINES = 1_000_000
"""In one file: they are counted, which is work without a record."""


class Line(NamedTuple):
    """A physical line without its end: its number from 1, its text, None if it is too long, and the byte of the plain
    text behind it. `ended`: it has an end; a last line without one may have been cut off."""

    number: int
    text: str | None
    end: int
    ended: bool = True


class Place(NamedTuple):
    """Where a reading stands: so many bytes of the plain text, and so many lines, are behind it."""

    offset: int = 0
    lines: int = 0


START = Place()


def lines_of(text: PlainText, begin: Place = START) -> Iterator[Line]:
    """All lines from `begin` on."""
    number, end, encoding = begin.lines, begin.offset, text.encoding
    begun, skipped = b"", 0
    for piece in without(text.pieces, begin.offset):
        *ended, rest = piece.split(text.newline)
        for part in ended:
            whole = begun + part if begun else part
            number, end = number + 1, end + skipped + len(whole) + 1
            yield Line(number, None if skipped else _decoded(whole, encoding), end)
            begun, skipped = b"", 0
        begun = begun + rest if begun else rest
        if skipped or len(begun) > 4 * MAX_RECORD_CHARACTERS:
            begun, skipped = b"", skipped + len(begun)
    if begun or skipped:
        last = None if skipped else _decoded(begun, encoding)
        yield Line(number + 1, last, end + skipped + len(begun), ended=False)


def without(pieces: Iterable[bytes], offset: int) -> Iterator[bytes]:
    """What follows the first so many bytes."""
    for piece in pieces:
        if offset < len(piece):
            yield piece[offset:] if offset else piece
        offset = max(0, offset - len(piece))


def ensure_few_blanks(blank: int) -> None:
    """Raises BrokenFile for a file that holds more blank lines than anyone writes."""
    if blank > MAX_BLANK_LINES:
        raise BrokenFile(f"the file has more than {MAX_BLANK_LINES:,} blank lines")


def _decoded(line: bytes, encoding: str) -> str | None:
    text = line.decode(encoding, "replace")
    return None if len(text) > MAX_RECORD_CHARACTERS else text.removesuffix("\r")
