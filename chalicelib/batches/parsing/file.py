"""From an uploaded object to its text, in chunks: decompression, the file's kind, its encoding. Bounded throughout."""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from chalicelib.batches.errors import BrokenFile

MAX_UPLOAD_BYTES = 1_000_000_000
MAX_CONTENT_BYTES = 4_000_000_000
"""Unpacked: some 5 million orders, hashed within a minute. A larger file must be split; a gzip bomb ends here."""

PIECE_BYTES = 256 * 1024

_GZIP = b"\x1f\x8b"
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FOREIGN = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook: save it as CSV, or compress it with gzip"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save it as CSV"),
    (b"BZh", "compressed with bzip2: use gzip"),
    (b"\xfd7zXZ", "compressed with xz: use gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard: use gzip"),
    (b"\x89PNG", "a picture"),
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """SHA-256 (hex) and size of the unpacked content."""

    sha256: str
    content_bytes: int


def fingerprint(chunks: Iterable[bytes]) -> Fingerprint:
    """Reads everything once. Raises BrokenFile for what no format can be: empty, truncated, binary, too large."""
    digest, size = hashlib.sha256(), 0
    for piece in content(chunks):
        if size == 0 and piece:
            _refuse_binary(piece)
        digest.update(piece)
        size += len(piece)
    if size == 0:
        raise BrokenFile("the file is empty")
    return Fingerprint(digest.hexdigest(), size)


def content(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of the file, unpacked if it is gzip. Raises BrokenFile."""
    size = 0
    for piece in _unpacked(chunks):
        size += len(piece)
        if size > MAX_CONTENT_BYTES:
            raise BrokenFile(f"the file has more than {MAX_CONTENT_BYTES:,} bytes: split it")
        yield piece


def text(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The text of the file, without its byte order mark, which decides over `encoding`.

    Bytes that are not of the encoding become U+FFFD: `records` names the lines that have one.
    """
    decoder: codecs.IncrementalDecoder | None = None
    for piece in content(chunks):
        if not piece:
            continue
        if decoder is None:
            marked = next((name for mark, name in _MARKS if piece.startswith(mark)), encoding)
            decoder = codecs.getincrementaldecoder("utf-8-sig" if marked == "utf-8" else marked)("replace")
        yield decoder.decode(piece)
    if decoder is not None:
        yield decoder.decode(b"", final=True)


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pieces = _not_tiny(chunks)
    first = next(pieces, b"")
    if not first.startswith(_GZIP):
        yield from filter(None, (first,))
        yield from pieces
        return
    yield from _gunzip(first, pieces)


def _not_tiny(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The first piece is long enough to tell what the file is."""
    iterator, begin = iter(chunks), b""
    for chunk in iterator:
        begin += chunk
        if len(begin) >= 64:
            break
    yield begin
    yield from iterator


def _gunzip(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    """Member after member, never more than PIECE_BYTES at a time, whatever the ratio."""
    unpack = zlib.decompressobj(wbits=31)
    try:
        for packed in chain((first,), rest):
            left, more = packed, False
            while left or more:
                if unpack.eof:
                    if not left.strip(b"\0"):  # some tools pad the end
                        break
                    unpack = zlib.decompressobj(wbits=31)
                piece = unpack.decompress(left, PIECE_BYTES)
                yield piece
                more = len(piece) == PIECE_BYTES and not unpack.eof
                left = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
    except zlib.error:
        raise BrokenFile("the gzip file is damaged: compress it again") from None
    if not unpack.eof:
        raise BrokenFile("the gzip file is truncated: it was not sent to its end")


def _refuse_binary(piece: bytes) -> None:
    for magic, what in _FOREIGN:
        if piece.startswith(magic):
            raise BrokenFile(f"the file is {what}; expected is JSONL, JSON or CSV, plain or gzip")
    if b"\0" in piece[:4096] and not piece.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenFile("the file is binary: it holds NUL bytes; expected is JSONL, JSON or CSV, plain or gzip")
