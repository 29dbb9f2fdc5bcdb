"""What a file is: its fingerprint, what it cannot be, and its bytes in an encoding that can be cut at every line."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from chalicelib.batches.errors import BrokenFile
from chalicelib.batches.parsing.foreign import foreign
from chalicelib.batches.parsing.unpack import content

EXPECTED = "expected is JSONL, JSON or CSV, plain or gzip"

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_SAMPLE = 4096
"""Bytes at the beginning that are looked at to tell what a file is."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 (hex) and size of the unpacked content."""

    sha256: str
    content_bytes: int


def fingerprint(chunks: Iterable[bytes], encoding: str = "utf-8") -> Fingerprint:
    """Reads everything once. Raises BrokenFile for what no format can be: empty, truncated, binary, too large, or
    written in another encoding than the stated one, as far as that can be told."""
    digest, size, watch = hashlib.sha256(), 0, None
    for piece in content(chunks):
        if watch is None:
            watch = _EncodingWatch(_recognised(piece, encoding))
        watch.see(piece)
        digest.update(piece)
        size += len(piece)
    if watch is None:
        raise BrokenFile("the file is empty")
    watch.decide()
    return Fingerprint(digest.hexdigest(), size)


@dataclass(frozen=True, slots=True)
class PlainText:
    """Pieces of text as bytes of `encoding`, in which every ASCII character is one byte and no other has that byte.

    `newline` is what ends a line. Byte order marks are left out.
    """

    encoding: str
    newline: bytes
    pieces: Iterator[bytes]


def plain_text(chunks: Iterable[bytes], encoding: str) -> PlainText:
    """The file's text; a byte order mark decides over the stated encoding. Raises BrokenFile.

    Bytes that are not of the encoding become U+FFFD when a line is decoded; no field of an order may hold it.
    """
    pieces = content(chunks)
    first = next(pieces, b"")
    actual = _recognised(first, encoding) if first else encoding
    mark = next((mark for mark, name in _MARKS if name == actual and first.startswith(mark)), b"")
    pieces = chain((first[len(mark) :],), pieces)
    if actual.startswith("utf-16"):
        pieces, actual = _as_utf8(pieces, actual), "utf-8"
        first = next(pieces, b"")
        pieces = chain((first,), pieces)
    is_old_mac = b"\r" in first and b"\n" not in first
    return PlainText(actual, b"\r" if is_old_mac else b"\n", pieces)


def _as_utf8(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode()


def _recognised(first: bytes, stated: str) -> str:
    """The encoding of a file that begins like this. Raises BrokenFile if it is none of ours."""
    marked = next((name for mark, name in _MARKS if first.startswith(mark)), "")
    if what := foreign(first, marked or stated):
        raise BrokenFile(f"the file is {what}; {EXPECTED}")
    if marked:
        return marked
    sample = first[:_SAMPLE]
    big, little = sample[0::2].count(0), sample[1::2].count(0)
    if stated == "utf-16":
        return "utf-16-be" if big > little else "utf-16-le"
    if big or little:
        utf16 = min(big, little) * 10 < max(big, little) and max(big, little) * 4 > len(sample)
        hint = "it looks like UTF-16: state `encoding`" if utf16 else EXPECTED
        raise BrokenFile(f"the file is binary: it holds NUL bytes; {hint}")
    return stated


class _EncodingWatch:
    """Whether a file whose stated encoding takes every byte is UTF-8 in truth: then each letter with an accent would be
    stored as two others. Text of one byte a letter is hardly ever valid UTF-8 by chance."""

    def __init__(self, encoding: str) -> None:
        self._stated = encoding
        self._decoder = codecs.getincrementaldecoder("utf-8")() if encoding in ("latin-1", "cp1252") else None
        self._other_than_ascii = False

    def see(self, piece: bytes) -> None:
        if self._decoder is None or piece.isascii():
            return
        self._other_than_ascii = True
        try:
            self._decoder.decode(piece)
        except UnicodeDecodeError:
            self._decoder = None

    def decide(self) -> None:
        if self._decoder is not None and self._other_than_ascii:
            raise BrokenFile(
                f"`encoding` is {self._stated}, but the file is UTF-8: an accented letter would be read as two; "
                "correct the encoding"
            )
