"""A JSON array: cut into its elements by counting brackets outside of strings; what is in them is not looked at.

So an element that is no order, or no proper JSON, costs only itself as long as its brackets and quotes are whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.model import Tally
from chalicelib.batches.parsing.file import PlainText
from chalicelib.batches.parsing.foreign import LOOKED_AT, looks_like
from chalicelib.batches.parsing.lines import MAX_RECORD_CHARACTERS, Place, without
from chalicelib.batches.parsing.records import TOO_LONG, FileRecord, Mark

MAX_ELEMENT_BYTES = 16 * MAX_RECORD_CHARACTERS
"""An element that is longer still is none: a bracket or a quote does not close, and all that follows would be in it."""

_OUTSIDE, _IN_STRING = re.compile(rb'[\[\]{}",]'), re.compile(rb'["\\]')


class JsonArray:
    """A Reader. Elements are numbered from 1. Raises BrokenFile for what is no array, or does not end."""

    def __init__(self, text: PlainText, begin: Mark) -> None:
        self._text = text
        self.mark = begin
        self._depth = 0
        self._in_string = False
        self._after_backslash = False
        self._element: list[bytes] = []
        self._length = 0

    def __iter__(self) -> Iterator[FileRecord]:
        offset, begun, ended = self.mark.place.offset, self.mark.place.offset > 0, False
        self._depth, begin = (1, 1) if begun else (0, 0)  # a mark lies on the comma or bracket behind an element
        for piece in without(self._text.pieces, offset):
            if not begun:
                begin = _opening(piece)
                begun, self._depth = begin > 0, 1
            elif piece[:begin] == b"]":
                begin = 0
            for end in () if ended else self._ends(piece, begin):
                self._keep(piece[begin:end])
                ended, begin = self._depth == 0, end + 1
                for record in self._finished(must=not ended):
                    self.mark = Mark(Place(offset + end, record.line), Tally(records=record.line))
                    yield record
            if not ended:
                self._keep(piece[begin:] if begun else b"")
            elif piece[begin:].strip():
                raise BrokenFile(f"something follows the end of the JSON array, after element {self._number}")
            offset, begin = offset + len(piece), 0
        if not begun:
            raise BrokenFile("the file is empty")
        if not ended:
            raise BrokenFile(f"the JSON array does not end: the file is truncated after element {self._number}")

    @property
    def _number(self) -> int:
        return self.mark.tally.records

    def _ends(self, piece: bytes, position: int) -> Iterator[int]:
        """Where elements end: at the commas between them, and at the bracket that closes the array."""
        if self._after_backslash:
            position, self._after_backslash = position + 1, False
        while match := (_IN_STRING if self._in_string else _OUTSIDE).search(piece, position):
            token, position = match.group(), match.end()
            if token == b"\\":
                position += 1  # what it escapes
                self._after_backslash = position > len(piece)
            elif token == b'"':
                self._in_string = not self._in_string
            elif token in b"[{":
                self._depth += 1
            elif token in b"]}":
                self._depth -= 1
                if self._depth == 0:
                    yield match.start()
                    return
            elif self._depth == 1:
                yield match.start()

    def _keep(self, part: bytes) -> None:
        self._length += len(part)
        if self._length > MAX_ELEMENT_BYTES:
            raise BrokenFile(
                f"element {self._number + 1} of the JSON array is longer than {MAX_ELEMENT_BYTES:,} bytes: "
                "is there a bracket or a quote that does not close?"
            )
        self._element.append(part)

    def _finished(self, must: bool) -> Iterator[FileRecord]:
        """The element that was kept; none in an empty array, and none behind the last comma unless it `must` be."""
        whole, number = b"".join(self._element).strip(), self._number + 1
        self._element, self._length = [], 0
        if not whole:
            if must:
                yield FileRecord(number, problems=(("", "is empty: two commas follow each other"),))
            return
        text = whole.decode(self._text.encoding, "replace")
        if len(text) > MAX_RECORD_CHARACTERS:
            yield FileRecord(number, problems=(TOO_LONG,))
        else:
            yield FileRecord(number, text)


def _opening(piece: bytes) -> int:
    """Where the first element begins: behind the bracket that opens the array; 0 if the piece is blank."""
    stripped = piece.lstrip()
    if stripped and not stripped.startswith(b"["):
        hint = looks_like(stripped[:LOOKED_AT].decode("utf-8", "replace"))
        raise BrokenFile(
            'the file is not a JSON array: it must begin with "["; for an order a line use JSONL'
            + (f"; {hint}" if "CSV" in hint else "")
        )
    return len(piece) - len(stripped) + 1 if stripped else 0
